import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { hexLines, readBytes } from '../../../lib/explorer/page/model/bytes.js';
import {
  copyAsCode,
  copyAsCommand,
  literal,
  quoteForShell,
  type Copied,
} from '../../../lib/explorer/page/model/copy-as.js';
import { describeError, errorLine } from '../../../lib/explorer/page/model/errors.js';
import { History, type HistoryEntry } from '../../../lib/explorer/page/model/history.js';
import { clockTime, shortBytes, shortTime } from '../../../lib/explorer/page/model/numbers.js';
import { HIDDEN, hideSecretArguments, hideSecrets } from '../../../lib/explorer/page/model/secrets.js';
import { readSettings } from '../../../lib/explorer/page/model/settings.js';
import { filterTraffic, fullText, Traffic } from '../../../lib/explorer/page/model/traffic.js';
import { readText, writeLine, writeText } from '../../../lib/explorer/page/model/value-text.js';
import { RemoteError } from '../../../lib/core.js';

const values = [
  "it's",
  'line\nend \u2028 \u0007',
  '',
  -1.5,
  0,
  true,
  null,
  undefined,
  [],
  {},
  [1, [2, [undefined]]],
  { a: 1, 'b c': { ['__proto__']: [] }, d: 'x'.repeat(100) },
  Uint8Array.of(1, 2, 255),
  { deep: [{ bytes: new Uint8Array(3) }] },
];

describe('values as text', () => {
  test.each(values)('are read as they were written: %p', (value) => {
    expect(readText(writeText(value))).toEqual({ ok: true, value });
    expect(readText(writeLine(value, Infinity))).toEqual({ ok: true, value });
  });

  test('are JSON where that is asked for', () => {
    expect(JSON.parse(writeText({ a: [1, undefined], b: Uint8Array.of(1) }, 'json'))).toEqual({
      a: [1, null],
      b: 'AQ==',
    });
  });

  test('of a large value are cut, and take no time', () => {
    const large = Array.from({ length: 1_000_000 }, (_, index) => ({ index }));
    expect(writeLine(large, 60)).toHaveLength(60);
  });

  test('tell the place of what is wrong', () => {
    expect(readText('{a: 1,\n  b: }')).toMatchObject({ ok: false, line: 2, column: 6 });
    expect(readText('  ')).toMatchObject({ ok: false, message: 'A value is missing' });
  });

  test('of bytes are typed in three ways, and shown as hexadecimal digits', () => {
    expect(readBytes('48 65\n6C', 'hex')).toEqual(Uint8Array.of(0x48, 0x65, 0x6c));
    expect(readBytes('SGVs', 'base64')).toEqual(Uint8Array.of(0x48, 0x65, 0x6c));
    expect(readBytes('ä', 'text')).toEqual(Uint8Array.of(0xc3, 0xa4));
    expect(() => readBytes('4', 'hex')).toThrow('pairs');
    expect(() => readBytes('A', 'base64')).toThrow('base64');
    expect(hexLines(Uint8Array.of(0x48, 0), 5)).toEqual([`00000000  48 00${' '.repeat(42)}  H·`]);
  });

  test('of numbers are short', () => {
    expect([
      shortTime(0.3456),
      shortTime(12_345),
      shortTime(7_500_000),
      shortBytes(1536),
      clockTime(0),
    ]).toEqual([
      '0.35 ms',
      '12.3 s',
      '2 h 5 min',
      '1.5 KiB',
      expect.stringMatching(/^\d\d:00:00\.000$/) as unknown,
    ]);
  });
});

const copied: Copied = {
  origin: 'https://admin.example.com',
  url: 'wss://example.com/jstp/?a=1',
  app: 'chat@1.0.0',
  login: { kind: 'login', name: 'ann' },
  kind: 'method',
  interfaceName: 'rooms',
  name: 'say',
  args: ['kitchen'],
  streams: false,
  streamArguments: [],
};

describe('what is copied', () => {
  test('for a shell comes out of it as it went in', () => {
    const words = [
      "it's",
      '$(touch /tmp/x) `id` "q" \\',
      'a\nb',
      '',
      '-x',
      '*?[a]{b,c}~!#&;|<>',
      "'",
      'plain-1.2@x',
    ];
    const line = `printf '%s\\0' ${words.map(quoteForShell).join(' ')}`;
    expect(execFileSync('sh', ['-c', line], { encoding: 'utf8' }).split('\0').slice(0, -1)).toEqual(words);
  });

  test('for a shell has nothing that a terminal would act on when it is pasted', () => {
    const words = ["a\x03\x1b[2J'; id #\\", 'a\u202eb\u0085'];
    const quoted = words.map(quoteForShell);
    // eslint-disable-next-line no-control-regex -- that is what must not be there
    expect(quoted.join(' ')).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
    const env = { ...process.env, LC_ALL: 'C.UTF-8' };
    const printed = execFileSync('bash', ['-c', `printf '%s\\0' ${quoted.join(' ')}`], {
      encoding: 'utf8',
      env,
    });
    expect(printed.split('\0').slice(0, -1)).toEqual(words);
  });

  test('as a command names the server, the login and the arguments, and no secret', () => {
    expect(copyAsCommand({ ...copied, args: [-1, "it's"] })).toBe(
      `npx nestjs-jstp call --login ann --origin https://admin.example.com -- 'wss://example.com/jstp/chat@1.0.0?a=1' rooms.say -1 '"it'\\''s"'`,
    );
    expect(copyAsCommand({ ...copied, kind: 'emits', login: { kind: 'anonymous' } })).toBe(
      "npx nestjs-jstp listen --origin https://admin.example.com 'wss://example.com/jstp/chat@1.0.0?a=1' rooms.say",
    );
    expect(copyAsCommand(copied)).toMatch(/ rooms\.say "'kitchen'"$/);
  });

  test('as code is TypeScript for each kind of call', () => {
    expect(copyAsCode(copied)).toBe(`import { JstpClient } from 'nestjs-jstp';

const client = new JstpClient({
  url: 'wss://example.com/jstp/?a=1',
  connectOptions: { origin: 'https://admin.example.com' },
  app: 'chat@1.0.0',
  login: 'ann',
  password: process.env.JSTP_PASSWORD,
});
try {
  console.log(await client.call('rooms', 'say', 'kitchen'));
} finally {
  await client.close();
}
`);
    expect(copyAsCode({ ...copied, streams: true })).toContain(
      "for await (const value of client.stream('rooms', 'say', 'kitchen'))",
    );
    expect(copyAsCode({ ...copied, streamArguments: [0] })).toContain(
      "client.call('rooms', 'say', values1())",
    );
    expect(copyAsCode({ ...copied, kind: 'event', args: [1, 2] })).toContain('JstpArgs.of(1, 2)');
    expect(copyAsCode({ ...copied, login: { kind: 'strategy', strategy: 'token' } })).toContain(
      "strategy: 'token'",
    );
  });

  test('as a literal sets no prototype, and ends no text', () => {
    expect(literal({ ['__proto__']: "');evil('", 'a b': Uint8Array.of(1), c: [undefined] })).toBe(
      `{ ['__proto__']: "');evil('", 'a b': Buffer.from('AQ==', 'base64'), c: [undefined] }`,
    );
  });
});

describe('what is copied as code', () => {
  const awkward = [
    `it's \`\${process.exit()}\` "q" \\ */ // <!--`,
    'a\nb\r\u2028\u2029\u0000\ud800',
    { ['__proto__']: 1, constructor: [undefined, null, -0, 1e21], 'a-b': Uint8Array.of(1, 2) },
    Number.NaN,
  ];
  const odd = "x'); evil('";
  const cases: Record<string, Copied> = {
    call: { ...copied, args: awkward },
    names: { ...copied, interfaceName: odd, name: `${odd}\n`, app: odd, url: `wss://x/?${odd}` },
    event: { ...copied, kind: 'event', args: awkward },
    'event of one value': { ...copied, kind: 'event', args: [awkward[0]] },
    'event of none': { ...copied, kind: 'event', args: [] },
    'events of the server': { ...copied, kind: 'emits', login: { kind: 'anonymous' } },
    stream: { ...copied, streams: true, args: awkward },
    'stream argument': { ...copied, streamArguments: [0, 1], args: ['', '', 3] },
    'stream both ways': { ...copied, streams: true, streamArguments: [0], args: [''] },
    strategy: { ...copied, login: { kind: 'strategy', strategy: odd } },
    login: { ...copied, login: { kind: 'login', name: odd } },
  };

  test('compiles, whatever it has in it', () => {
    // In the repository: there are the types that it imports.
    const folder = mkdtempSync(path.resolve('.copied-'));
    try {
      for (const [name, each] of Object.entries(cases))
        writeFileSync(path.join(folder, `${name}.mts`), copyAsCode(each));
      const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false, rootDir: path.resolve() };
      const config = { extends: path.resolve('tsconfig.json'), compilerOptions, include: ['*'], exclude: [] };
      writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
      const tsc = path.resolve('node_modules/typescript-7/bin/tsc');
      const args = [tsc, '-p', folder, '--noEmit', '--pretty', 'false'];
      expect(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);
});

describe('secrets', () => {
  test('are hidden by their names, wherever they stand', () => {
    expect(
      hideSecrets({ name: 'ann', password: 'p', nested: [{ apiKey: 1, sessionId: 'x', passage: 'kept' }] }),
    ).toEqual({
      name: 'ann',
      password: HIDDEN,
      nested: [{ apiKey: HIDDEN, sessionId: HIDDEN, passage: 'kept' }],
    });
  });

  test('of arguments are hidden by the names and schemas of their parameters', () => {
    const arg = { name: 'x', description: undefined, schema: undefined, isOptional: false, streams: false };
    const args = [arg, { ...arg, name: 'token' }, { ...arg, schema: { type: 'string', format: 'password' } }];
    expect(hideSecretArguments(['a', 'b', 'c', { pin: 1 }], args, {})).toEqual([
      'a',
      HIDDEN,
      HIDDEN,
      { pin: HIDDEN },
    ]);
  });
});

describe('the history', () => {
  const entry: HistoryEntry = {
    at: 1,
    kind: 'method',
    app: 'a@1',
    interfaceName: 'i',
    name: 'm',
    args: '[]',
    outcome: 'ok',
    detail: '',
    durationMs: 1,
  };

  function storage(texts = new Map<string, string>()) {
    return {
      texts,
      getItem: (key: string) => texts.get(key) ?? null,
      setItem: (key: string, text: string) => void texts.set(key, text),
      removeItem: (key: string) => void texts.delete(key),
    };
  }

  test('is bounded, kept over a reload, and cleared', () => {
    const kept = storage();
    const history = new History(kept);
    for (let at = 0; at < 150; at++) history.add({ ...entry, at, args: 'x'.repeat(3900) });
    history.add({ ...entry, at: 1000, args: 'x'.repeat(5000) });
    const again = new History(kept).entries.value;
    expect(again[0]).toEqual({ ...entry, at: 1000, args: undefined });
    expect(again.length).toBeLessThan(60);
    expect([...kept.texts.values()].join('').length).toBeLessThan(200_001);
    history.clear();
    expect([history.entries.value, kept.texts.size]).toEqual([[], 0]);
  });

  test('survives a storage that fails, or has something else', () => {
    const fails = () => {
      throw new Error('denied');
    };
    const history = new History({ getItem: fails, setItem: fails, removeItem: fails });
    history.add(entry);
    expect(history.entries.value).toEqual([entry]);
    for (const text of ['{', '[1,null,{"app":2}]', '{"a":1}'])
      expect(new History(storage(new Map([['jstp-explorer.history', text]]))).entries.value).toEqual([]);
  });
});

describe('the traffic', () => {
  test('hides what the page asks for its tab Live, and nothing of the same numbers', () => {
    const traffic = new Traffic(() => 0);
    traffic.add('out', { call: [3, 'jstp.administration'], watch: [1000] });
    traffic.add('out', { call: [4, 'users'], list: [] });
    traffic.add('in', { stream: [3, 1], data: [{}] });
    traffic.add('in', { stream: [4, 1], data: [1] });
    traffic.add('in', { call: [3, 'jstp.administration'], mine: [] });
    traffic.add('in', { callback: [3], ok: [] });
    traffic.add('out', { callback: [3], ok: [] });
    traffic.isPaused.set(true);
    traffic.add('out', { call: [5, 'jstp.administration'], overview: [] });
    traffic.isPaused.set(false);
    traffic.add('in', { callback: [5], ok: [{}] });
    traffic.add('out', { handshake: [0, 'chat'], session: ['[session]', 4] });
    traffic.add('out', { cancel: [3] });
    traffic.add('out', { handshake: [0, 'chat'], login: [] });
    traffic.add('in', { callback: [3], ok: [] });
    const shown = filterTraffic(traffic.entries.value, '', { pings: true, live: true });
    expect(shown.map(({ direction, subject }) => `${direction} ${subject}`)).toEqual([
      'out 4 users.list',
      'in 4 data',
      'in 3 jstp.administration.mine',
      'out 3 ok',
      'out 0 chat session',
      'out 0 chat login',
      'in 3 ok',
    ]);
    expect(filterTraffic(traffic.entries.value, '', { pings: true, live: false })).toHaveLength(12);
  });

  test('tells kind and subject, masks secrets, and is bounded', () => {
    const traffic = new Traffic(() => 0);
    traffic.add('out', { call: [3, 'users'], login: [{ name: 'ann', password: 'p' }] });
    traffic.add('in', { ping: [0] });
    traffic.add('in', {});
    traffic.add('in', 'odd');
    const [call, ping] = traffic.entries.value;
    expect([call.kind, call.subject]).toEqual(['call', '3 users.login']);
    expect(fullText(call)).not.toContain("'p'");
    expect(filterTraffic(traffic.entries.value, '', { pings: true, live: true })).toEqual([call]);
    expect(filterTraffic(traffic.entries.value, 'ping', { pings: false, live: false })).toEqual([ping]);
    for (let count = 0; count < 600; count++)
      traffic.add('in', { event: [-count, 'i'], e: ['x'.repeat(20_000)] });
    expect(traffic.entries.value).toHaveLength(500);
    const kept = traffic.entries.value.filter(({ message }) => message !== undefined);
    expect(kept.length).toBeLessThan(101);
    expect(traffic.entries.value.at(-1)?.message).toBeDefined();
  });
});

describe('errors', () => {
  test('are shown with their codes and what these mean', () => {
    expect(describeError(new RemoteError(14))).toMatchObject({
      code: 14,
      constant: 'ERR_METHOD_NOT_FOUND',
      message: 'Method not found',
    });
    expect(describeError(-1)).toMatchObject({ code: -1, constant: 'ERR_CALLBACK_LOST' });
    expect(describeError(new RemoteError(1001, 'full', [{ room: 1 }]))).toMatchObject({
      code: 1001,
      constant: undefined,
      info: [{ room: 1 }],
    });
    expect(describeError('odd').message).toBe('odd');
    expect(errorLine(new RemoteError(12))).toBe('Interface not found (12)');
  });
});

test('settings that are missing or odd are as if there were none', () => {
  for (const text of [undefined, '', '{', 'null', '[]', '{"applications":[null,{"name":1}]}'])
    expect(readSettings(text)).toMatchObject({ url: null, title: 'JSTP Explorer' });
});
