import { createServer } from 'node:net';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import {
  Application,
  net,
  type ClientOptions,
  type Connection,
  type IncomingCall,
  type OutgoingStream,
} from '../../lib/core.js';
import { JstpClient } from '../../lib/index.js';
import { createMemoryEntry, cutLine } from '../../lib/testing/index.js';
import { Closing } from '../support/closing.js';
import { failureOf, startRawServer } from '../support/jstp.js';
import { turns } from '../support/quiet.js';
import { RawPeer } from '../support/raw-peer.js';
import { waitFor, within } from '../support/wait-for.js';
import { guardProcess } from './arena.js';

Logger.overrideLogger(false);
const closing = new Closing();
afterEach(() => {
  jest.useRealTimers();
});
guardProcess();
afterEach(() => closing.run());

const OK = "{handshake:[0,null,{stream:1}],ok:'session'}";

/** A client of the core that has logged in to a server which is written by hand: the server's end, and the client. */
async function connected(options: ClientOptions): Promise<{ peer: RawPeer; connection: Connection }> {
  const peers: RawPeer[] = [];
  const server = createServer((socket) => {
    const peer = new RawPeer(socket);
    peers.push(peer);
    peer.send(OK);
  });
  const { port } = await startRawServer(server, closing);
  const client = { reconnector: () => undefined, ...options };
  const connection = await within(net.connect('app', client, port, '127.0.0.1'), 'a connect');
  closing.add(() => connection.close());
  await peers[0].received(1);
  return { peer: peers[0], connection };
}

describe('events in a flood towards handlers of a client that take their time', () => {
  const EVENT = "{event:[-1,'news'],told:[]}";

  async function flooded(events: number): Promise<{ ends: (() => void)[]; peer: RawPeer }> {
    const ends: (() => void)[] = [];
    const told = (): Promise<void> => new Promise((resolve) => ends.push(resolve));
    const application = new Application<Connection>('side', {}, { news: { told } });
    const { peer } = await connected({ application, limits: { maxCallsInFlight: 10 } });
    peer.send(...Array.from({ length: events }, () => EVENT));
    return { ends, peer };
  }

  test('are all taken below limits.maxCallsInFlight', async () => {
    const { ends, peer } = await flooded(9);
    await peer.pong();
    expect(ends).toHaveLength(9);
  });

  test('wait unread at it, and go on when half have ended', async () => {
    const { ends, peer } = await flooded(1000);
    peer.send('{ping:[0]}');
    let taken = 0;
    while (taken < 1000) {
      await waitFor(() => ends.length > 0, 'a handler');
      await turns();
      expect(ends.length).toBeLessThanOrEqual(10);
      expect(peer.messages).toHaveLength(1);
      const [...begun] = ends.splice(0);
      taken += begun.length;
      for (const end of begun) end();
    }
    await peer.received(2);
  });
});

describe('an answer of a server', () => {
  const LIMIT = 20_000;
  const answerOf = (bytes: number): string => `{callback:[1],ok:['${'x'.repeat(bytes - 22)}']}`;

  test('may have limits.maxMessageBytes of the client, and one byte more ends the connection', async () => {
    for (const [bytes, arrives] of [
      [LIMIT, true],
      [LIMIT + 1, false],
    ] as const) {
      const { peer, connection } = await connected({ limits: { maxMessageBytes: LIMIT } });
      connection.on('error', () => undefined);
      const answer = connection.callMethod('any', 'one', []);
      await peer.received(2);
      peer.send(answerOf(bytes));
      if (arrives) expect(await within(answer, 'the answer')).toHaveLength(bytes - 22);
      else await peer.end();
      connection.close();
      if (!arrives) expect(await failureOf(within(answer, 'the call'))).toBe(-1);
    }
  });

  test('that nobody has asked for is dropped, however large it is', async () => {
    const { peer, connection } = await connected({});
    const value = 'x'.repeat(8_000_000);
    for (let id = 1; id <= 8; id += 1) {
      peer.send(`{callback:[${String(id)}],ok:['${value}']}`);
      await peer.pong();
    }
    const answer = connection.callMethod('any', 'one', []);
    await peer.received(2);
    peer.send("{callback:[1],ok:['asked for']}");
    expect(await within(answer, 'the answer')).toBe('asked for');
  });
});

describe('a server that has a client stream to it', () => {
  test('and gives 2 ** 53 - 1 credit, but does not read, makes it wait at limits.sendHighWaterMark', async () => {
    const streams: OutgoingStream[] = [];
    const application = new (class extends Application<Connection> {
      handleCall(call: IncomingCall<Connection>): void {
        streams.push(call.openStream());
      }
    })('side', {});
    const { peer } = await connected({ application });
    peer.send("{call:[-1,'feed'],all:[]}", '{stream:[-1],credit:[9007199254740991]}');
    await waitFor(() => streams.length === 1, 'the stream');
    peer.socket.pause();
    const [stream] = streams;
    const value = 'x'.repeat(256 * 1024);
    let written = 0;
    const feed = async (): Promise<void> => {
      for (; written < 160; written += 1) if (!stream.write(value) && !(await stream.ready())) return;
      stream.end();
    };
    const fed = feed();
    let before = -1;
    await waitFor(async () => {
      const isPaused = written === before;
      before = written;
      await turns();
      return isPaused;
    }, 'the pause');
    expect(written).toBeLessThan(140);
    peer.socket.resume();
    await within(fed, 'the end of the stream');
    await waitFor(() => peer.messages.includes('{callback:[-1],ok:[]}'), 'its answer');
  });
});

describe('a login that is refused undecided, as too many have failed', () => {
  test('is told as that, and not as a wrong password', async () => {
    const server = createServer((socket) => {
      new RawPeer(socket).send("{handshake:[0],error:[11,'Authentication failed','ERR_LOGIN_LIMIT']}");
    });
    const { port } = await startRawServer(server, closing);
    expect(await failureOf(net.connect('app', null, port, '127.0.0.1'))).toMatchObject({
      code: 11,
      message: 'Authentication failed: not decided, as too many logins have failed. Try again later',
      info: ['ERR_LOGIN_LIMIT'],
    });
  });

  test('is tried again by JstpClient until it is decided', async () => {
    jest.useFakeTimers();
    const entry = createMemoryEntry();
    let asked = 0;
    const server = entry.createServer({
      applications: [new Application<Connection>('app', {})],
      limits: { maxFailedLoginsPerName: 1 },
      authPolicy: (_connection, _application, _strategy, _credentials, answer) => {
        asked += 1;
        answer(null, asked > 1 && 'ann');
      },
    });
    server.listen(1);
    const refused: string[] = [];
    server.on('handshakeRefused', (_connection, { kind }) => refused.push(kind));
    const client = new JstpClient({ app: 'app', transport: entry, port: 1, login: 'ann', password: 'x' });
    const subscription = client.fromEvent('news', 'told').subscribe(() => undefined);
    await jest.advanceTimersByTimeAsync(120_000);
    expect([asked, refused[0], new Set(refused.slice(1))]).toEqual([2, 'login', new Set(['limit'])]);
    expect(refused.length).toBeLessThan(30);
    expect(client.unwrap<Connection>().handshakeDone).toBe(true);
    subscription.unsubscribe();
    void client.close();
    server.close();
    await jest.advanceTimersByTimeAsync(5000);
  });
});

describe('a server that lets a client in and cuts the connection at once', () => {
  const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

  function cutting(greet: (connection: Connection) => unknown = () => undefined): {
    entry: ReturnType<typeof createMemoryEntry>;
    dialled: () => number;
  } {
    jest.useFakeTimers();
    const entry = createMemoryEntry();
    const server = entry.createServer({ applications: [new Application<Connection>('app', {})] }).listen(1);
    let dialled = 0;
    server.on('connection', () => (dialled += 1));
    const cut = (connection: Connection): void => {
      greet(connection);
      setTimeout(() => cutLine(connection), 10);
    };
    server.on('connect', cut);
    server.on('reconnect', cut);
    return { entry, dialled: () => dialled };
  }

  test('is dialled by the back-off of the core', async () => {
    const { entry, dialled } = cutting();
    const connection = await entry.connect('app', null, 1);
    connection.on('error', () => undefined);
    await pass(120_000);
    connection.close();
    await pass(5000);
    expect(dialled()).toBeGreaterThan(4);
    expect(dialled()).toBeLessThan(10);
  });

  test.each([
    ['', 40, () => undefined],
    [
      ', whatever it sends before',
      75,
      (connection: Connection): unknown => connection.callMethod('a', 'b', []).catch(() => undefined),
    ],
  ])('is dialled by the back-off of JstpClient%s', async (_title, most, greet) => {
    const { entry, dialled } = cutting(greet);
    const client = new JstpClient({ app: 'app', transport: entry, port: 1 });
    await client.connect();
    await pass(120_000);
    void client.close();
    await pass(5000);
    expect(dialled()).toBeGreaterThan(10);
    expect(dialled()).toBeLessThan(most);
  });
});
