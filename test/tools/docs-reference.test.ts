import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import * as codes from '../../lib/protocol/error-codes.js';
import {
  MAX_REFUSALS_LOGGED,
  MAX_SESSION_ID_LENGTH,
  MAX_USERNAME_LENGTH,
  RECEIVE_GRACE_MS,
  resolveLimits,
  type Limits,
} from '../../lib/protocol/limits.js';
import { DEFAULT_LIMITS, JstpClient, JstpClientModule, JstpModule, JstpServer } from '../../lib/index.js';
import { membersOf, textsOfLib } from './members.js';

type Cells = readonly string[];

/** The rows of the tables under a heading, up to the next heading of the same level or a higher one. */
function rowsUnder(page: string, heading: string): Cells[] {
  const lines = readFileSync(`docs/reference/${page}`, 'utf8').split('\n');
  const from = heading === '' ? 0 : lines.indexOf(heading);
  if (from === -1) throw new Error(`${page} has no heading "${heading}"`);
  const level = heading.indexOf(' ');
  const after = lines.slice(from + 1);
  const end =
    heading === '' ? -1 : after.findIndex((line) => /^#+ /.test(line) && line.indexOf(' ') <= level);
  return after
    .slice(0, end === -1 ? undefined : end)
    .filter((line) => line.startsWith('| `') || /^\| -?\d/.test(line))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const namesIn = (rows: readonly Cells[]): string[] => rows.map(([name]) => name.replaceAll(/`|\(.*/g, ''));
const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

/** What a `@default` and a cell of the table say, if that is a value and no description. */
function valueOf(text: string | undefined): string | undefined {
  const plain = text?.replaceAll('`', '').replace(/ \(.*\)$/, '');
  return plain !== undefined && /^(-?\d+|true|false|'[^']*')$/.test(plain) ? plain : undefined;
}

/** The names that an unknown one is told. */
function knownNames(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    const [, names = ''] = /Known are (.*)$/.exec((error as Error).message) ?? [];
    return names.split(', ').filter((name) => !name.startsWith('those of'));
  }
  throw new Error('An unknown name was taken');
}

const unknown = (options: object) => ({ ...options, zzz: 1 }) as object;

describe('the reference of options has each option, and no other', () => {
  const tables = [
    [
      '## JstpServer',
      ['JstpServiceOptions', 'SeveralListeners'],
      [
        'sessionStorageProvider',
        'clientExpirationTime',
        'drainStreams',
        'introspection',
        'metrics',
        'limits',
      ],
    ],
    ['## `accessLog` of JstpServer', ['AccessLogOptions'], []],
    ['## JstpClient', ['JstpClientOptions', 'ClientAddressOptions'], []],
    ['## `reconnect` of JstpClient', ['ReconnectOptions'], []],
    ['## createClient', ['PageClientOptions'], []],
    ['## `methods` of JstpClient', ['MethodOptions'], []],
    ['## `retry` of JstpClient', ['RetryOptions'], []],
    ['## RedisSessionStorageProvider', ['RedisSessionStorageOptions'], []],
    ['## RedisBroadcaster', ['RedisBroadcasterOptions'], []],
    ['## Servers of the core', ['ServerOptions'], []],
    ['## Clients of the core', ['ClientOptions'], []],
    ['## JstpInstrumentation', ['JstpInstrumentationConfig'], []],
    ['## Testing', ['TestingPairOptions', 'FaultOptions', 'Pace', 'FaultProxyOptions', 'ProxyPace'], []],
  ] as const;

  test.each(tables)('%s', (heading, interfaces, inherited) => {
    const rows = rowsUnder('options.md', heading);
    const members = interfaces.flatMap((name) => membersOf(name));
    expect(sorted(namesIn(rows))).toEqual(sorted([...members.map(({ name }) => name), ...inherited]));
    for (const { name, fallback } of members) {
      const value = valueOf(fallback);
      const row = rows.find(([cell]) => cell === `\`${name}\``);
      if (value !== undefined) expect([name, valueOf(row?.[2])]).toEqual([name, value]);
    }
  });

  test('where a server listens', () => {
    const rows = rowsUnder('options.md', '## Where a JstpServer listens');
    const own = namesIn(rowsUnder('options.md', '## JstpServer'));
    for (const transport of ['net', 'tls', 'ws', 'wss'] as const) {
      const given = transport === 'tls' || transport === 'wss' ? { transport, cert: 'x' } : { transport };
      const known = knownNames(() => new JstpServer(unknown(given)));
      const told = rows.filter(
        ([, transports]) => transports === 'all' || transports.split(', ').includes(transport),
      );
      expect([transport, sorted([...own, ...namesIn(told)])]).toEqual([transport, sorted(known)]);
    }
  });

  test('of JstpModule', () => {
    const page = readFileSync('docs/reference/options.md', 'utf8');
    const [, section = ''] = page.split('## JstpModule');
    const [told = ''] = section.split('\n## ');
    const known = knownNames(() => JstpModule.forRootAsync(unknown({})));
    expect(known.filter((name) => !told.includes(`\`${name}\``))).toEqual([]);
  });

  test('of JstpClientModule', () => {
    const page = readFileSync('docs/reference/options.md', 'utf8');
    const [, section = ''] = page.split('## JstpClientModule');
    const [told = ''] = section.split('\n## ');
    const around = knownNames(() => JstpClientModule.registerAsync(unknown({})));
    expect(around.filter((name) => !told.includes(`\`${name}\``))).toEqual([]);
    const client = knownNames(() => new JstpClient(unknown({})));
    const own = knownNames(() => JstpClientModule.register(unknown({}))).filter(
      (name) => !client.includes(name),
    );
    expect(sorted(namesIn(rowsUnder('options.md', '## JstpClientModule')))).toEqual(sorted(own));
  });

  test('and those that JstpClient takes', () => {
    const known = knownNames(() => new JstpClient(unknown({})));
    const rows = namesIn(rowsUnder('options.md', '## JstpClient'));
    expect(sorted(rows)).toEqual(sorted(known));
  });
});

/** The rows with limit, unit, default, meaning, what the peer gets, log and event. */
const rowsOfLimits = (): Cells[] => rowsUnder('limits.md', '').filter((row) => row.length === 7);

test('the reference of limits tells each limit with its default, and no other', () => {
  const rows = rowsOfLimits();
  const told = Object.fromEntries(rows.map(([name, , value]) => [name.replaceAll('`', ''), Number(value)]));
  expect(told).toEqual(DEFAULT_LIMITS);
  expect(knownNames(() => resolveLimits({ zzz: 1 } as never)).sort()).toEqual(sorted(Object.keys(told)));
});

test('the reference of limits tells of each limit what the peer gets, by codes and events that there are', () => {
  const known = new Set<unknown>(Object.values(codes).filter((code) => typeof code === 'number'));
  const events = new Set(membersOf('ServerEvents').map(({ name }) => name));
  for (const [limit, , , , peer, , event] of rowsOfLimits()) {
    expect([limit, peer]).not.toEqual([limit, '']);
    const told = [...peer.matchAll(/(?<![\w-])-?\d+/g)].map(([code]) => Number(code));
    // The answer to an upgrade.
    expect([limit, ...told.filter((code) => code !== 503 && !known.has(code))]).toEqual([limit]);
    const names = event === '' ? [] : event.split(', ').map((name) => name.replaceAll('`', ''));
    expect([limit, ...names.filter((name) => !events.has(name))]).toEqual([limit]);
  }
});

describe('a page that has all limits', () => {
  const namedIn = (page: string): string[] => {
    const text = readFileSync(page, 'utf8');
    const rows = text.split('\n').filter((line) => line.startsWith('|') || line.startsWith('These are off'));
    return Object.keys(DEFAULT_LIMITS).filter((name) => new RegExp(`\\b${name}\\b`).test(rows.join('\n')));
  };

  test('is that on security: each limit is in a row, with the attack that it stops', () => {
    expect(namedIn('docs/guides/security.md')).toEqual(Object.keys(DEFAULT_LIMITS));
  });

  test('is that of the migrations: each limit is in a row with the line that raises it, or off', () => {
    expect(namedIn('docs/migration/limits.md')).toEqual(Object.keys(DEFAULT_LIMITS));
  });

  test('whose lines are limits that a server takes, above the defaults', () => {
    const rows = readFileSync('docs/migration/limits.md', 'utf8').split('\n');
    const lines = rows.flatMap((row) => /\| `([^`]+)` \|$/.exec(row)?.[1] ?? []);
    expect(lines.length).toBeGreaterThan(20);
    for (const line of lines) {
      const pairs = line.split(', ').map((pair) => pair.split(': '));
      for (const [name, text] of pairs) {
        const factors = text.split(' * ').map((factor) => Number(factor.replaceAll('_', '')));
        const value = factors.reduce((product, factor) => product * factor, 1);
        const limit = name as keyof Limits;
        expect(resolveLimits({ [limit]: value })[limit]).toBe(value);
        // 0 stands for none where it is not the default.
        expect(value === 0 ? Infinity : value).toBeGreaterThan(DEFAULT_LIMITS[limit]);
      }
    }
  });
});

test('the reference of limits tells what is not an option as it is', () => {
  const page = readFileSync('docs/reference/limits.md', 'utf8');
  expect(page).toContain(`| length of a user's name | ${MAX_USERNAME_LENGTH} characters |`);
  const grace = '| how long nothing of an unfinished message may arrive, unless `minReadRate` is 0 |';
  expect(page).toContain(`${grace} ${RECEIVE_GRACE_MS / 1000} s |`);
  expect(page).toContain(`| length of a session's id | ${MAX_SESSION_ID_LENGTH} characters;`);
  expect(page).toContain(`that are logged in ten seconds | ${MAX_REFUSALS_LOGGED};`);
});

describe('the reference of events has each event, and no other', () => {
  test.each([
    ['## JstpServer', 'ServerEvents'],
    ['## JstpClient', 'ClientEventArguments'],
    ['## Clients of pages', 'PageClientEvents'],
    ['## Connections', 'ConnectionEvents'],
  ])('%s', (heading, declaration) => {
    const members = membersOf(declaration).map(({ name }) => name);
    expect(sorted(namesIn(rowsUnder('events.md', heading)))).toEqual(sorted(members));
  });
});

describe('the reference of errors has', () => {
  test('each code with its name and text, and no other', () => {
    const { DEFAULT_MESSAGES, STANDARD_ERROR_CODES: _standard, ...constants } = codes;
    const told = rowsUnder('errors.md', '')
      .filter(([code]) => /^-?\d+$/.test(code))
      .map(([code, name, text]) => [name.replaceAll('`', ''), Number(code), text]);
    const expected = Object.entries(constants).map(([name, code]) => [
      name,
      code,
      code in DEFAULT_MESSAGES ? DEFAULT_MESSAGES[code] : 'its own',
    ]);
    expect(told.sort()).toEqual(expected.sort());
  });

  test('each name of an error, and no other', () => {
    const told = namesIn(rowsUnder('errors.md', '## Names'));
    expect(sorted(told)).toEqual(sorted(textsOfLib(/ERR_(?:JSTP|MDSF)_[A-Z_]+/g)));
  });
});

test.each([
  ['JstpContext has each method', '## Methods', 'JstpContext'],
  ['UpgradeRequest has each field', '## UpgradeRequest', 'UpgradeRequest'],
])('the reference of %s, and no other', (_what, heading, name) => {
  const members = membersOf(name).map((member) => member.name);
  expect(sorted(namesIn(rowsUnder('jstp-context.md', heading)))).toEqual(sorted(members));
});
