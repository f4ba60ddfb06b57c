import { createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Application, net, type ClientOptions, type Connection } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { failureOf, startRawServer } from '../support/jstp.js';
import { turns } from '../support/quiet.js';
import { RawPeer } from '../support/raw-peer.js';
import { waitFor, within } from '../support/wait-for.js';
import { guardProcess } from './arena.js';

const closing = new Closing();
const OK = "{handshake:[0],ok:'session'}";
/** What the client's own application was asked for. */
let executed: string[];
let port: number;
let peers: RawPeer[];
let onPeer: (peer: RawPeer) => void;

guardProcess();
beforeEach(async () => {
  executed = [];
  peers = [];
  onPeer = () => undefined;
  const server = createServer((socket: Socket) => {
    const peer = new RawPeer(socket);
    peers.push(peer);
    onPeer(peer);
  });
  ({ port } = await startRawServer(server, closing));
});
afterEach(() => closing.run());

function application(): Application<Connection> {
  return new Application<Connection>(
    'side',
    {
      mark: {
        run: (_connection: Connection, label: string, callback: (error: null) => void) => {
          executed.push(label);
          callback(null);
        },
        fail: () => {
          throw new Error('a secret of the client');
        },
      },
    },
    { mark: { seen: (_connection: Connection, label: string) => executed.push(label) } },
  );
}

function dial(options: ClientOptions = {}): Promise<Connection> {
  const client = { application: application(), reconnector: () => undefined, ...options };
  const dialled = net.connect('app', client, port, '127.0.0.1');
  void dialled.then(
    (connection) => closing.add(() => connection.close()),
    () => undefined,
  );
  return within(dialled, 'the outcome of a connect');
}

/** A server that answers each handshake with the same texts. */
function answering(...texts: string[]): void {
  onPeer = (peer) => peer.send(...texts);
}

/** A client that is logged in, and the server's end of its link. */
async function connected(options: ClientOptions = {}): Promise<{ connection: Connection; peer: RawPeer }> {
  answering(OK);
  const connection = await dial(options);
  connection.on('error', () => undefined);
  const peer = peers.at(-1);
  if (!peer) throw new Error('No link');
  await peer.received(1);
  return { connection, peer };
}

describe('a connect fails, and only it, when the answer is', () => {
  const ANSWERS: readonly [title: string, text: string][] = [
    ['null', '{handshake:null}'],
    ['no status', '{handshake:[0]}'],
    ['an empty error', '{handshake:[0],error:[]}'],
    ['an error that is null', '{handshake:[0],error:null}'],
    ['a count where a session id belongs', '{handshake:[0],ok:5}'],
    ['an object as session id', '{handshake:[0],ok:{}}'],
    ['a refusal with odd contents', '{handshake:[0],error:[{},{},[]]}'],
    ['a refusal with a nested error', "{handshake:[0],error:[11,{toString:1},'x']}"],
    ['a call', "{call:[-1,'mark'],run:['chaser']}"],
    ['an event', "{event:[-1,'mark'],seen:['chaser']}"],
    ['a ping', '{ping:[-1]}'],
    ['an unknown kind', '{x:[]}'],
    ['garbage', '}{'],
    ['a message that is null', 'null'],
    ['an HTTP answer', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ];

  test.each(ANSWERS)('%s', async (_title, text) => {
    answering(text, "{call:[-1,'mark'],run:['chaser']}", OK, "{call:[-2,'mark'],run:['chaser']}");
    expect(await failureOf(dial())).toBeDefined();
    await peers[0].end();
    await turns();
    expect(executed).toEqual([]);
    answering(OK);
    expect((await dial()).session?.id).toBe('session');
  });

  test('a handshake request: it is told that this is no server', async () => {
    answering("{handshake:[0,'app']}", "{call:[-1,'mark'],run:['chaser']}");
    expect(await failureOf(dial())).toMatchObject({ code: -2 });
    await waitFor(() => peers[0]?.messages.length === 2, 'the answer');
    expect(peers[0]?.messages[1]).toBe('{handshake:[1],error:[15]}');
    expect(executed).toEqual([]);
  });

  test('missing: the client gives up after limits.handshakeTimeoutMs', async () => {
    expect(await failureOf(dial({ limits: { handshakeTimeoutMs: 60 } }))).toMatchObject({ code: -2 });
  });

  test('only `{}` again and again', async () => {
    onPeer = (peer) => {
      const beat = setInterval(() => peer.send('{}'), 10);
      closing.add(() => clearInterval(beat));
    };
    expect(await failureOf(dial({ limits: { handshakeTimeoutMs: 60 } }))).toMatchObject({ code: -2 });
  });
});

describe('a logged-in client ends the link at', () => {
  const FATAL = [
    '{call:null}',
    '{event:null}',
    '{ping:null}',
    '{callback:[1],ok:5}',
    '{callback:[1],error:[]}',
    '{callback:[1]}',
    '{handshake:null}',
    OK,
    "{handshake:[0,'app']}",
    'null',
    '[]',
    '}{',
    '',
  ];

  test.each(FATAL)(
    '%s, without a word, runs nothing behind it and fails its calls when it is closed',
    async (text) => {
      const { connection, peer } = await connected();
      const answer = connection.callMethod('iface', 'method', []);
      await peer.received(2);
      peer.send(text, "{call:[-1,'mark'],run:['chaser']}", "{callback:[1],ok:['chaser']}");
      await peer.end();
      await turns();
      expect(peer.messages).toHaveLength(2);
      connection.close();
      expect(await failureOf(within(answer, 'the call'))).toBe(-1);
      expect(executed).toEqual([]);
    },
  );
});

describe('a logged-in client goes on after', () => {
  const HARMLESS = [
    '{callback:[1e12],ok:[]}',
    '{callback:[-1],ok:[]}',
    '{pong:[1e12]}',
    '{pong:[99]}',
    '{callback:[0],error:[{}]}',
    "{event:[-1,'__proto__'],__defineGetter__:['x']}",
    "{event:[-1,'mark'],error:['boom']}",
    "{event:[-1,'mark'],seen:{length:1}}",
    "{event:[-1,'mark'],constructor:[1]}",
    "{call:[-1,'__proto__'],__defineGetter__:[]}",
    "{call:[-1,'constructor'],setPrototypeOf:[]}",
    "{call:[-1,'mark'],run:{length:0}}",
    "{call:[-1,'mark'],fail:[]}",
    "{inspect:[-1,'__proto__']}",
    '{stream:[1,1],data:[1]}',
    '{stream:[77],credit:[9007199254740991]}',
    '{cancel:[77]}',
    '{x:[]}',
    '{}',
    '{__proto__:[]}',
  ];

  test.each(HARMLESS)('%s', async (text) => {
    const { connection, peer } = await connected();
    const proxy = new Promise((resolve) =>
      connection.inspectInterface('mark', (_error, made) => resolve(made)),
    );
    await peer.received(2);
    peer.send("{callback:[1],ok:['run']}");
    await within(proxy, 'a proxy of the interface that events come from');
    peer.send(text, text, "{call:[-9,'mark'],run:['still here']}");
    await waitFor(() => executed.includes('still here'), 'the call behind it');
    expect(peer.messages.join()).not.toContain('secret');
  });

  test('an answer whose values are named __proto__: they are data', async () => {
    const { connection, peer } = await connected();
    const answer = connection.callMethod('iface', 'method', []);
    await peer.received(2);
    peer.send('{callback:[1],ok:[{__proto__:{isAdmin:true}}]}');
    const value = (await within(answer, 'the answer')) as { isAdmin?: unknown };
    expect(value.isAdmin).toBeUndefined();
    expect(Object.hasOwn(value, '__proto__')).toBe(true);
  });

  test('an answer twice: the call is answered once', async () => {
    const { connection, peer } = await connected();
    const answers: unknown[] = [];
    connection.callMethod('iface', 'method', [], (error, value) => answers.push(error ?? value));
    await peer.received(2);
    peer.send('{callback:[1],ok:[1]}', '{callback:[1],ok:[2]}', '{callback:[1],error:[1]}');
    await peer.pong(-1);
    expect(answers).toEqual([1]);
  });

  test('an error -1 from the wire: it does not look like a lost callback, which would be called again', async () => {
    const { connection, peer } = await connected();
    const answer = Promise.resolve(connection.callMethodWithResend('iface', 'method', []));
    await peer.received(2);
    peer.send('{callback:[1],error:[-1]}');
    expect(await failureOf(within(answer, 'the answer'))).toMatchObject({ code: 1 });
    await peer.pong(-1);
    expect(peer.messages).toHaveLength(2);
  });

  test.each(['[{}]', "['E_CODE','text']", '[null]', '[[1]]', "[NaN,'x']", '[1,{toString:5}]', '[1e400]'])(
    'an answer with the error %s: the call fails with a RemoteError',
    async (error) => {
      const { connection, peer } = await connected();
      const answer = connection.callMethod('iface', 'method', []);
      await peer.received(2);
      peer.send(`{callback:[1],error:${error}}`);
      const failure = (await failureOf(within(answer, 'the answer'))) as Error;
      expect(failure.name).toBe('RemoteError');
      expect(typeof failure.message).toBe('string');
    },
  );

  test('an inspect’s answer that is no list of names', async () => {
    const { connection, peer } = await connected();
    const answer = connection.inspectInterface('iface');
    await peer.received(2);
    peer.send("{callback:[1],ok:[1,null,{},['x'],'__proto__','then','good','on']}");
    const proxy = await within(answer, 'the proxy');
    expect(Object.keys(proxy)).toEqual(['good']);
  });
});

test('what an application’s callback throws is told and ends nothing', async () => {
  const { connection, peer } = await connected();
  const heard: unknown[] = [];
  connection.on('error', (error) => heard.push(error));
  connection.callMethod('iface', 'method', [], () => {
    throw new Error('in the callback');
  });
  await peer.received(2);
  peer.send('{callback:[1],ok:[]}', "{call:[-1,'mark'],run:['still here']}");
  await waitFor(() => executed.includes('still here'), 'the call behind it');
  expect(heard.map(String)).toEqual(['Error: in the callback']);
});

describe('a server that streams', () => {
  const ANSWER = "{handshake:[0,null,{stream:1}],ok:'session'}";
  const values = (from: number, to: number): string[] =>
    Array.from({ length: to - from + 1 }, (_, index) => `{stream:[1,${String(from + index)}],data:[0]}`);

  async function called(
    streamCredit: number,
  ): Promise<{ errors: unknown[]; items: unknown[]; peer: RawPeer }> {
    onPeer = (peer) => peer.send(ANSWER);
    const items: unknown[] = [];
    const errors: unknown[] = [];
    const client = { reconnector: () => undefined, limits: { streamCredit } };
    const connection = await within(net.connect('app', client, port, '127.0.0.1'), 'a connect');
    closing.add(() => connection.close());
    connection.on('error', (error) => errors.push(error));
    connection.startCall('feed', 'all', [], () => undefined, { onItem: (value) => items.push(value) });
    await peers[0].received(2);
    return { errors, items, peer: peers[0] };
  }

  test.each([
    ['as many values as are taken before any credit', 64],
    ['fewer', 5],
  ])('gets credit for %s', async (_what, count) => {
    const { errors, items, peer } = await called(64);
    peer.send(...values(1, count));
    await waitFor(() => items.length === count, 'all values');
    await peer.pong(-1);
    expect(errors).toEqual([]);
  });

  test('may use each credit once it has heard of it', async () => {
    const { errors, items, peer } = await called(10);
    peer.send(...values(1, 64));
    for (let sent = 64; sent < 200;) {
      const credit = (): number =>
        Math.max(0, ...peer.messages.map((text) => Number(/credit:\[(\d+)\]/.exec(text)?.[1] ?? 0)));
      const before = sent;
      await waitFor(() => credit() > before, 'credit');
      const limit = credit();
      peer.send(...values(sent + 1, limit));
      sent = limit;
      await waitFor(() => items.length === limit, 'its values');
    }
    expect(errors).toEqual([]);
  });

  test.each([
    ['one value more than it has credit for', values(1, 65)],
    ['more values at once than it has credit for', values(1, 300)],
    ['a value far beyond its credit', values(500, 500)],
  ])('is ended for %s', async (_what, texts) => {
    const { errors, items, peer } = await called(10);
    peer.send(...texts);
    await waitFor(() => errors.length > 0, 'the end');
    expect(errors[0]).toMatchObject({ code: 'ERR_JSTP_PROTOCOL' });
    await peer.end();
    // A client that was held up between two values gives credit meanwhile.
    const told = peer.messages.map((text) => Number(/credit:\[(\d+)\]/.exec(text)?.[1] ?? 0));
    expect(items.length).toBeLessThanOrEqual(Math.max(64, ...told));
  });
});
