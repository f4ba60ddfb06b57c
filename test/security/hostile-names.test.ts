import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Application, createAppsIndex, net, parse, RemoteProxy, type Connection } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { failureOf } from '../support/jstp.js';
import { within } from '../support/wait-for.js';
import { Arena, CHASER, guardProcess } from './arena.js';

const closing = new Closing();
let arena: Arena;

guardProcess();
beforeEach(async () => {
  arena = await Arena.start(closing);
});
afterEach(() => closing.run());

const NAMES = [
  'constructor',
  '__proto__',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  '__lookupSetter__',
  'isPrototypeOf',
  'then',
  'emit',
  'on',
  'length',
  'name',
  'NaN',
  'undefined',
];

describe('a name that every object has is nobody’s', () => {
  test.each(NAMES)('%s as an interface is not found', async (name) => {
    const peer = await arena.guest();
    peer.send(
      `{call:[1,${JSON.stringify(name)}],call:[1]}`,
      `{call:[2,${JSON.stringify(name)}],apply:[]}`,
      `{inspect:[3,${JSON.stringify(name)}]}`,
      `{event:[4,${JSON.stringify(name)}],bind:[]}`,
      '{ping:[5]}',
    );
    expect((await peer.received(5)).slice(1)).toEqual([
      '{callback:[1],error:[12]}',
      '{callback:[2],error:[12]}',
      '{callback:[3],error:[12]}',
      '{pong:[5]}',
    ]);
  });

  test.each(NAMES)('%s as a method is not found', async (name) => {
    const peer = await arena.guest();
    peer.send(
      `{call:[1,'mark'],${JSON.stringify(name)}:[]}`,
      `{event:[2,'mark'],${JSON.stringify(name)}:[]}`,
    );
    expect((await peer.received(2))[1]).toBe('{callback:[1],error:[14]}');
    await arena.expectServing();
  });

  test.each(NAMES)('%s as an application, a version and a strategy is refused', async (name) => {
    const quoted = JSON.stringify(name);
    const handshakes = [
      [`{handshake:[0,${quoted}]}`, 10],
      [`{handshake:[0,${quoted},'^1.0.0']}`, 10],
      [`{handshake:[0,'app',${quoted}]}`, 10],
      [`{handshake:[0,'app'],${quoted}:[]}`, 11],
    ] as const;
    for (const [handshake, code] of handshakes) {
      const peer = await arena.stranger();
      peer.send(handshake, CHASER);
      await peer.end();
      expect(peer.messages).toEqual([`{handshake:[0],error:[${String(code)}]}`]);
    }
    expect(arena.executed).toEqual([]);
  });

  test.each(NAMES)('%s as a session id is unknown', async (name) => {
    const peer = await arena.stranger();
    peer.send(`{handshake:[0,'app'],session:[${JSON.stringify(name)},0]}`, CHASER);
    await arena.expectEnded(peer);
    expect(peer.messages).toEqual(['{handshake:[0],error:[11]}']);
  });
});

describe('names that an application really has work, whatever they are called', () => {
  test('own methods named as Object’s are called', async () => {
    const server = await Arena.start(closing, {
      applications: [
        new Application<Connection>('app', {
          constructor: {
            toString: (_connection: Connection, callback: (error: null, text: string) => void) =>
              callback(null, 'mine'),
          },
        }),
      ],
    });
    const peer = await server.guest();
    peer.send("{call:[1,'constructor'],toString:[]}", "{inspect:[2,'constructor']}");
    expect((await peer.received(3)).slice(1).map((text) => parse(text))).toEqual([
      { callback: [1], ok: ['mine'] },
      { callback: [2], ok: ['toString'] },
    ]);
  });

  test('createAppsIndex keeps applications by any name', () => {
    const index = createAppsIndex([new Application('__proto__', {}), new Application('constructor', {})]);
    expect([...index.keys()]).toEqual(['__proto__', 'constructor']);
  });
});

describe('a proxy of a peer that names its methods as it likes', () => {
  const methods = [...NAMES, 'once', 'removeListener', 'listenerCount', 'good'];

  test('keeps its own members, is no thenable, and offers the rest', async () => {
    const index = await Arena.start(closing, {
      applications: [
        new Application<Connection>('app', {
          evil: Object.fromEntries(
            methods
              .filter((name) => name !== '__proto__')
              .map((name) => [
                name,
                (_connection: Connection, callback: (error: null, own: string) => void) =>
                  callback(null, name),
              ]),
          ),
        }),
      ],
    });
    const connection = await net.connect('app', { reconnector: () => undefined }, index.port, '127.0.0.1');
    closing.add(() => connection.close());
    // An `await` of a proxy with a method `then` would call the peer and never end.
    const proxy = await within(connection.inspectInterface('evil'), 'the proxy');
    expect(proxy).toBeInstanceOf(RemoteProxy);
    for (const name of ['on', 'emit', 'constructor', 'toString', 'hasOwnProperty', 'then']) {
      expect(Object.hasOwn(proxy, name)).toBe(false);
    }
    expect(proxy.then).toBeUndefined();
    expect(await (proxy.good as () => Promise<unknown>)()).toBe('good');
    expect(await connection.callMethod('evil', 'then', [])).toBe('then');
    expect(await connection.callMethod('evil', 'emit', [])).toBe('emit');
  });

  test('an interface __proto__ gets a proxy and changes nothing else', async () => {
    const connection = await net.connect('app', { reconnector: () => undefined }, arena.port, '127.0.0.1');
    closing.add(() => connection.close());
    const error = await failureOf(within(connection.inspectInterface('__proto__'), 'the inspect'));
    expect(error).toMatchObject({ code: 12 });
    expect(Object.keys(connection.remoteProxies)).toEqual([]);
  });
});
