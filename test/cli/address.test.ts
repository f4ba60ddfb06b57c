import { expect, test } from '@jest/globals';
import { parseAddress } from '../../lib/cli/address.js';
import { CliError } from '../../lib/cli/cli-error.js';
import { parseDuration } from '../../lib/cli/duration.js';
import { parseTarget } from '../../lib/cli/target.js';

test.each([
  ['jstp://localhost:4000/chat', { transport: 'net', host: 'localhost', port: 4000, app: 'chat' }],
  ['jstp://localhost/chat@^1.0.0', { transport: 'net', port: 3000, app: 'chat@^1.0.0' }],
  ['jstp://localhost:4000', { app: 'jstp' }],
  ['jstp://localhost:4000/', { app: 'jstp' }],
  ['jstp://localhost:4000/chat@%3E=1%20%3C3', { app: 'chat@>=1 <3' }],
  ['jstps://[::1]:4000/chat', { transport: 'tls', host: '::1', port: 4000 }],
  ['jstp://ann@localhost:4000/chat', { login: 'ann', shown: 'jstp://localhost:4000' }],
  ['ws://localhost:4000/chat', { transport: 'ws', url: 'ws://localhost:4000/', app: 'chat' }],
  [
    'wss://example.org/jstp/chat@1.0.0',
    { transport: 'wss', url: 'wss://example.org/jstp', app: 'chat@1.0.0' },
  ],
  ['ws://example.org/jstp/?a=b', { url: 'ws://example.org/jstp?a=b', app: 'jstp' }],
  ['/run/chat.sock', { transport: 'net', path: '/run/chat.sock', app: 'jstp' }],
  ['./chat.sock', { path: './chat.sock' }],
  ['chat.sock', { path: 'chat.sock' }],
  ['unix:/run/chat.sock', { path: '/run/chat.sock' }],
  ['ipc:///run/chat.sock', { path: '/run/chat.sock' }],
  [String.raw`\\.\pipe\chat`, { path: String.raw`\\.\pipe\chat` }],
  [String.raw`C:\run\chat`, { path: String.raw`C:\run\chat` }],
])('reads the address %s', (text, expected) => {
  expect(parseAddress(text)).toMatchObject(expected);
});

test('an application that is told apart leaves the whole path to the WebSocket', () => {
  expect(parseAddress('wss://example.org/jstp/v1', 'chat')).toMatchObject({
    url: 'wss://example.org/jstp/v1',
    app: 'chat',
  });
  expect(parseAddress('/run/chat.sock', 'chat@1.0.0')).toMatchObject({ app: 'chat@1.0.0' });
});

test.each([
  'localhost:3000',
  'http://localhost',
  'jstp://',
  'jstp://h:70000/a',
  'jstp://h/a/b',
  'jstp://h/a?b',
  'jstp://h/%',
  'ws://h/a#b',
  '',
])('refuses %j', (text) => {
  expect(() => parseAddress(text)).toThrow(CliError);
});

test('a password in an address is refused, and not shown', () => {
  for (const text of ['jstp://ann:geheim@h/a', 'ws://:geheim@h/a', 'jstp://ann:geheim@h:x/a']) {
    expect(() => parseAddress(text)).toThrow(/^(?!.*geheim)/);
  }
  expect(() => parseAddress('jstp://ann:geheim@h/a')).toThrow('The address has a password');
});

test('times have units, and a range', () => {
  const texts = ['5', '500ms', '1.5s', '2m', '1h'];
  expect(texts.map((text) => parseDuration(text, 'timeout'))).toEqual([5, 500, 1500, 120_000, 3_600_000]);
  for (const text of ['', '0', '-1s', '1d', '1e3', '900h'])
    expect(() => parseDuration(text, 'timeout')).toThrow(CliError);
});

test('a name is cut at its last point, as JstpClient does', () => {
  expect(parseTarget('rooms.join')).toEqual({ interfaceName: 'rooms', name: 'join' });
  expect(parseTarget('a.b.c')).toEqual({ interfaceName: 'a.b', name: 'c' });
  for (const name of ['join', '.join', 'join.'])
    expect(parseTarget(name)).toEqual({ interfaceName: 'default', name });
});
