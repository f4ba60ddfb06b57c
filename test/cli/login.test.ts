import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import { waitFor } from '../support/wait-for.js';
import { cli, started, type Running } from './fake-io.js';
import { fileOf, noticed, serve } from './world.js';

const closing = new Closing();
let address: string;

beforeEach(async () => {
  noticed.logins.length = 0;
  address = `${await serve(closing)}/chat`;
});
afterEach(() => closing.run());

const ADD = ['math.add', '1', '2'];

test.each<[string, (file: string) => { argv: string[]; env?: Record<string, string>; input?: string }]>([
  ['a file', (file) => ({ argv: ['--login', 'ann', '--password-file', file] })],
  ['the standard input', () => ({ argv: ['--login', 'ann', '--password-file', '-'], input: 'secret\nmore' })],
  ['the environment', () => ({ argv: ['-l', 'ann'], env: { JSTP_PASSWORD: 'secret' } })],
])('a password comes from %s', async (_, given) => {
  const { argv, ...options } = given(fileOf(closing, 'secret\r\n'));
  expect(await cli(['call', address, ...argv, ...ADD], options)).toMatchObject({ code: 0, stdout: '3\n' });
  expect(noticed.logins).toEqual([['login', ['ann', 'secret']]]);
});

function asks(argv: string[], env = {}): Running {
  return started(['call', ...argv, ...ADD], {
    terminals: ['stdin', 'stderr'],
    env: { NO_COLOR: '1', ...env },
  });
}

test('a password is asked for at a terminal, and never shown', async () => {
  const { io, outcome } = asks([address.replace('://', '://ann@')]);
  await waitFor(() => io.stderr.text.includes('Password of ann: '), 'the question');
  expect(io.stdin.isRaw).toBe(true);
  for (const typed of ['wrong\x15', 'secrex\x7f', 't', '\x1b[D', '\r']) io.stdin.write(typed);
  const { code, stdout, stderr } = await outcome;
  expect({ code, stdout }).toEqual({ code: 0, stdout: '3\n' });
  expect(io.stdin.isRaw).toBe(false);
  expect(noticed.logins).toEqual([['login', ['ann', 'secret']]]);
  expect(stderr).toBe('Password of ann: \n');
});

test('Ctrl-C at the question ends the command', async () => {
  const { io, outcome } = asks(['--login', 'ann', address]);
  await waitFor(() => io.stderr.text.includes('Password'), 'the question');
  io.stdin.write('sec\x03');
  expect((await outcome).code).toBe(130);
  expect(noticed.logins).toEqual([]);
});

test.each([
  ['t-1\n', 't-1'],
  ['12345', '12345'],
  ['{"user": "ann", pin: 7}', { user: 'ann', pin: 7 }],
  ["'quoted'", 'quoted'],
])('the credentials %j of an own strategy are a value, or a string', async (text, expected) => {
  const file = fileOf(closing, text);
  const argv = ['call', address, '--strategy', 'token', '--credentials-file', file, ...ADD];
  expect((await cli(argv)).code).toBe(0);
  expect(
    (await cli(['call', address, '--strategy', 'token', ...ADD], { env: { JSTP_CREDENTIALS: text } })).code,
  ).toBe(0);
  expect(noticed.logins).toEqual([
    ['token', expected],
    ['token', expected],
  ]);
});

test.each([
  [['--password', 'geheim'], '--password-file FILE'],
  [['--password=geheim'], '--password-file FILE'],
  [['--credentials=geheim'], '--credentials-file FILE'],
  [['--token', 'geheim'], 'JSTP_CREDENTIALS'],
  [['--passphrase=geheim'], 'JSTP_KEY_PASSPHRASE'],
  [['--passwrod=geheim'], 'There is no option --passwrod'],
  [['--login', 'ann'], 'Nothing can be asked for without a terminal'],
  [['--login', 'ann', '--strategy', 'token'], 'exclude each other'],
  [['--password-file', '/none'], 'goes with --login'],
])('%j is refused, and shows no secret', async (argv, text) => {
  const { code, stdout, stderr } = await cli(['call', address, ...argv, ...ADD]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(text);
  expect(stderr).not.toContain('geheim');
  expect(noticed.logins).toEqual([]);
});

test('credentials that begin as a value and are none are not shown', async () => {
  const { code, stderr } = await cli(['call', address, '--strategy', 'token', ...ADD], {
    env: { JSTP_CREDENTIALS: '{geheim' },
  });
  expect(code).toBe(2);
  expect(stderr).not.toContain('geheim');
});

test('a login that is refused has an exit code of its own', async () => {
  const { code, stderr } = await cli(['call', address, '--login', 'bob', ...ADD], {
    env: { JSTP_PASSWORD: 'no' },
  });
  expect(code).toBe(4);
  expect(stderr).toContain('Authentication failed');
  expect(stderr).toContain('Are the name and the password, or the credentials, right?');
});

test('who is refused without a login hears how to log in, and where the application stands', async () => {
  const authPolicy = { authenticate: async () => null, decidesAnonymous: true };
  const { code, stderr } = await cli([
    'call',
    `${await serve(closing, 'jstp', { authPolicy })}/none`,
    ...ADD,
  ]);
  expect(code).toBe(4);
  expect(stderr).toContain('Log in by --login NAME');
  expect(stderr).toContain('jstp://HOST:PORT/APP');
});

test('a server that lets in certain origins alone is told one by --origin', async () => {
  const options = { path: '/jstp', allowedOrigins: ['https://example.org'] };
  const url = `${await serve(closing, 'ws', options)}/jstp`;
  const call = (at: string, ...more: string[]) =>
    cli(['call', at, '--strategy', 'token', ...more, ...ADD], { env: { JSTP_CREDENTIALS: 'x' } });
  expect(await call(`${url}/chat`, '--origin', 'https://example.org')).toMatchObject({
    code: 0,
    stdout: '3\n',
  });
  const refused = await call(`${url}/chat`);
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain('--origin URL');
  // The last part of a path is taken for the application.
  expect((await call(url)).stderr).toContain('ws://HOST:PORT/PATH/APP');
});

test.each([['example.org'], ['https://example.org/page'], ['https://a b']])(
  'the origin %j is none',
  async (origin) => {
    const { code, stderr } = await cli(['call', 'ws://127.0.0.1:1/chat', '--origin', origin, ...ADD]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('--origin is no origin') as unknown,
    });
  },
);
