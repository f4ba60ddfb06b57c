import { describe, expect, test } from '@jest/globals';
import { type JstpClientOptions, JstpClient } from '../../../lib/index.js';
import { Application, ConfigurationError, net } from '../../../lib/core.js';
import { CLIENT_ENTRIES } from '../../../lib/transport/client-entries.js';
import { resolveClientOptions } from '../../../lib/nest/client/client-options.js';

function failureOf(options: unknown): ConfigurationError {
  try {
    new JstpClient(options as JstpClientOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return error as ConfigurationError;
  }
  throw new Error('The options were accepted');
}

describe('the options of a client', () => {
  test('have the defaults of Nest and JSTP', () => {
    expect(resolveClientOptions({})).toMatchObject({
      app: 'jstp',
      address: { entry: CLIENT_ENTRIES.net, args: [{ host: 'localhost', port: 3000 }] },
      resumeTimeoutMs: 3000,
      reconnect: { minDelayMs: 100, maxDelayMs: 10_000 },
      heartbeatInterval: 15_000,
    });
  });

  test('may say that there are no pings', () => {
    expect(resolveClientOptions({ heartbeatInterval: 0 })).toMatchObject({ heartbeatInterval: 0 });
  });

  test('may be left out', () => {
    expect(() => new JstpClient()).not.toThrow();
  });

  test.each<[string, unknown, string]>([
    ['app', '', 'name'],
    ['app', 'chat@not a range', "semver's syntax"],
    ['app', { version: '1.0.0' }, 'name'],
    ['app', { name: 'chat', version: 'x y' }, 'semver'],
    ['app', 5, 'name'],
    ['transport', 'pigeon', 'one of net, tls, ws, wss, or an entry object'],
    ['host', '', 'a non-empty string'],
    ['host', 5, 'a non-empty string'],
    ['port', -1, 'an integer from 0 to 65535'],
    ['port', 65_536, 'an integer from 0 to 65535'],
    ['port', '3000/', 'an integer from 0 to 65535, or its digits'],
    ['port', '-1', 'an integer from 0 to 65535, or its digits'],
    ['path', '', 'a non-empty string'],
    ['connectOptions', null, 'an object of options of the transport, or a function that gives one'],
    ['url', 'ws//x', 'a URL that begins with'],
    ['url', 'http://127.0.0.1', 'a URL that begins with'],
    ['login', '', 'a non-empty string'],
    ['login', 5, 'a non-empty string'],
    ['password', 5, 'a string'],
    ['password', 'alone', 'with a login'],
    ['strategy', '', 'the name of a handshake'],
    ['strategy', 'session', "not 'session'"],
    ['heartbeatInterval', -1, 'a number of milliseconds from 0 (none) to'],
    ['heartbeatInterval', '100', 'a number of milliseconds from 0 (none) to'],
    ['app', 'chat@', "'name@range'"],
    ['resumeTimeoutMs', -1, 'an integer from 0 to'],
    ['resumeTimeoutMs', 2 ** 31, 'or Infinity'],
    ['resumeTimeoutMs', NaN, 'or Infinity'],
    ['reconnect', 'yes', 'a boolean'],
    ['application', 5, 'an Application'],
    ['serializer', {}, 'serialize()'],
    ['deserializer', { deserialize: 5 }, 'deserialize()'],
  ])('refuse %s: %j, and say what is allowed', (option, given, allowed) => {
    const error = failureOf({ [option]: given });
    expect(error.option).toBe(option);
    expect(error.message).toContain(allowed);
  });

  test.each<[string, unknown]>([
    ['reconnect.minDelayMs', { reconnect: { minDelayMs: 0 } }],
    ['reconnect.maxDelayMs', { reconnect: { minDelayMs: 50, maxDelayMs: 10 } }],
    ['limits.maxMessageBytes', { limits: { maxMessageBytes: 0 } }],
    ['limits', { limits: { unknown: 5 } }],
    ['reconnect', { reconnect: { min: 1 } }],
    ['credentials', { credentials: ['x'] }],
    ['credentials', { credentials: () => 'x', login: 'ann', password: 'x' }],
    ['connectOptions', { connectOptions: { localAdress: '127.0.0.1' } }],
    ['connectOptions', { transport: 'net', connectOptions: { servername: 'x' } }],
    ['connectOptions', { transport: 'tls', connectOptions: { rejectUnautorized: false } }],
    ['connectOptions', { url: 'wss://a', connectOptions: { header: {} } }],
    ['connectOptions.tlsOptions', { url: 'wss://a', connectOptions: { tlsOptions: { caa: '' } } }],
    ['strategy', { strategy: 'token', login: 'user' }],
    ['app', { app: { name: 'chat', version: '' } }],
    ['connectOptions.noDelay', { connectOptions: { noDelay: 'yes' } }],
    ['path', { path: '/tmp/x', port: 3000 }],
    ['path', { path: '/tmp/x', host: 'a' }],
    ['options', null],
  ])('refuse what %s names, also in parts', (option, given) => {
    expect(failureOf(given).option).toBe(option);
  });

  test('refuse an unknown one, and name those there are', () => {
    const error = failureOf({ pasword: 'secret' });
    expect(error.message).toMatch(
      /^Unknown name "pasword" in options: did you mean "password"\? Known are app, .*types$/,
    );
  });

  test.each<[object, string]>([
    [{ url: 'http://a' }, 'url must be a URL that begins with "ws://" or "wss://", but "http://a" was given'],
    [{ url: 'ws://a:99999' }, 'url must be a URL that begins with "ws://" or "wss://"'],
    [{ transport: 'net', url: 'ws://a' }, 'url must be given with the transport ws or wss'],
    [{ transport: 'tls', ca: 'x' }, 'ca must be given in connectOptions: { ca }'],
    [{ url: 'wss://a', headers: {} }, 'headers must be given in connectOptions: { headers }'],
    [{ maxDepth: 9 }, 'maxDepth must be given in limits: { maxDepth }'],
    [{ transport: 'net', ca: 'x' }, 'Unknown name "ca" in options. Known are app'],
    [{ transport: 'ws', host: 'a b' }, 'host must be a name or an address, but "a b" was given'],
    [{ transport: 'wss', host: 'a/b' }, 'host must be a name or an address, but "a/b" was given'],
    [{ login: 'ann', password: 5 }, 'password must be a string, but a value of type number was given'],
    [{ credentials: () => 'x' }, 'but a value of type function was given'],
    [{ app: 'chat@' }, "app must be 'name', 'name@range' or { name, version }"],
  ])('refuse %j with the way out', (given, text) => {
    expect(failureOf(given).message).toContain(text);
  });

  test('never show a password', () => {
    expect(failureOf({ transport: 'tls', key: 'secret' }).message).not.toContain('secret');
    expect(failureOf({ login: 'a', password: 31337 }).message).not.toContain('31337');
    expect(failureOf({ pasword: 'secret' }).message).not.toContain('secret');
    expect(failureOf({ credentials: 'secret' }).message).not.toContain('secret');
    expect(failureOf({ password: 'secret' }).message).not.toContain('secret');
  });

  test('accept every documented one', () => {
    const options: JstpClientOptions = {
      app: { name: 'chat', version: '^1.0.0' },
      transport: 'net',
      host: '127.0.0.1',
      port: 1,
      connectOptions: { localAddress: '127.0.0.1' },
      login: 'user',
      password: 'password',
      heartbeatInterval: 100,
      limits: { maxDepth: 10 },
      resumeTimeoutMs: Infinity,
      reconnect: { minDelayMs: 1 },
      application: new Application('a', {}),
      serializer: { serialize: (packet: unknown) => packet },
      deserializer: { deserialize: (packet: unknown) => packet },
    };
    expect(resolveClientOptions(options)).toMatchObject({
      address: { args: [{ host: '127.0.0.1', port: 1, localAddress: '127.0.0.1' }] },
      reconnect: { minDelayMs: 1, maxDelayMs: 10_000 },
      resumeTimeoutMs: Infinity,
    });
    expect(resolveClientOptions({ reconnect: false }).reconnect).toBeUndefined();
    const token = { strategy: 'token', credentials: 'x', login: null, password: null };
    expect(() => resolveClientOptions(token)).not.toThrow();
  });

  test('take a port of digits, as environment variables have it', () => {
    expect(resolveClientOptions({ port: '4000' }).address.args).toEqual([{ host: 'localhost', port: 4000 }]);
    expect(resolveClientOptions({ transport: 'ws', port: '0080' }).address.args[1]).toBe(
      'ws://localhost:80/',
    );
  });

  test('check what a function of connectOptions gives at each dial', async () => {
    const connectOptions = (): object => ({ localAdress: '127.0.0.1' });
    const { dialArguments } = resolveClientOptions({ connectOptions }).address;
    await expect(dialArguments?.()).rejects.toMatchObject({ option: 'connectOptions' });
  });

  test('leave alone what only an entry object of the user knows', () => {
    const { optionNames: _known, ...transport } = net;
    const connectOptions = { carrier: 'pigeon' } as object;
    expect(resolveClientOptions({ transport, connectOptions }).address.args[0]).toMatchObject(connectOptions);
  });

  test('give an IPC path without host and port', () => {
    expect(resolveClientOptions({ path: '/tmp/x' }).address.args).toEqual([{ path: '/tmp/x' }]);
    expect(resolveClientOptions({ connectOptions: { path: '/tmp/x' } }).address.args).toEqual([
      { path: '/tmp/x' },
    ]);
  });

  test.each<[string, JstpClientOptions]>([
    ['ws://localhost:3000/', { transport: 'ws' }],
    ['wss://example.com:3000/', { transport: 'wss', host: 'example.com' }],
    ['ws://[::1]:5/jstp', { transport: 'ws', host: '::1', port: 5, path: '/jstp' }],
    ['wss://example.com/a?b', { url: 'wss://example.com/a?b' }],
    ['ws://example.com', { transport: 'ws', url: 'ws://example.com' }],
  ])('give the URL %s of %j', (url, options) => {
    const { entry, args } = resolveClientOptions({ ...options, connectOptions: { headers: {} } }).address;
    expect(args).toEqual([{ headers: {} }, url]);
    expect(entry).toBe(CLIENT_ENTRIES[url.startsWith('wss') ? 'wss' : 'ws']);
  });

  test.each<[string, JstpClientOptions, string]>([
    ['url', { transport: 'ws', url: 'wss://a' }, 'begins with "ws://"'],
    ['url', { transport: 'wss', url: 'no url' }, 'begins with "wss://"'],
    ['url', { url: 'ws://a', host: 'b' }, 'without host, port and path'],
    ['url', { transport: 'tls', url: 'ws://a' }, 'given with the transport ws or wss'],
    ['path', { transport: 'ws', path: 'jstp' }, 'as "/jstp"'],
  ])('refuse a %s in %j', (option, given, allowed) => {
    const error = failureOf(given);
    expect(error.option).toBe(option);
    expect(error.message).toContain(allowed);
  });
});
