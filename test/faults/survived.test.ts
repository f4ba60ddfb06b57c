import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Application,
  net,
  Session,
  type ClientOptions,
  type Connection,
  type NetServerOptions,
  type Reconnector,
} from '../../lib/core.js';
import { createFaultProxy, type FaultProxy } from '../../lib/testing/index.js';
import { bundleProgram, startProgram } from '../support/bundled-program.js';
import { Closing } from '../support/closing.js';
import { dial, startCore, type Back, type CoreServer } from '../support/core.js';
import { reservedPort } from '../support/ports.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

/** Dials again soon, for ever. */
const eager: Reconnector = (connection, reconnectFn) => {
  setTimeout(() => {
    if (connection.state.name !== 'closed') reconnectFn(() => undefined);
  }, 5);
};

/** A client and a server that talk both ways through a proxy, and what each has seen. */
class World {
  readonly ran: number[] = [];
  readonly answers: unknown[] = [];
  readonly heard: number[] = [];
  /** Calls of `work.held` that nobody has answered yet. */
  readonly held: (() => void)[] = [];
  private made = 0;

  private constructor(
    readonly server: CoreServer['server'],
    readonly proxy: FaultProxy,
  ) {}

  static async start(options: Partial<NetServerOptions> = {}): Promise<World> {
    const holder: { world?: World } = {};
    const run = (n: number): void => void holder.world?.ran.push(n);
    const application = new Application<Connection>('app', {
      work: {
        quick: (_connection: Connection, n: number, callback: Back) => {
          run(n);
          callback(null, n);
        },
        held: (_connection: Connection, n: number, callback: Back) => {
          run(n);
          holder.world?.held.push(() => callback(null, n));
        },
      },
    });
    const { server, port } = await startCore(closing, { applications: [application], ...options });
    const proxy = await createFaultProxy({ port });
    closing.add(() => proxy.close());
    return (holder.world = new World(server, proxy));
  }

  connect(options: ClientOptions = {}): Promise<Connection> {
    const application = new Application<Connection>(
      'side',
      {},
      { news: { item: (_connection: Connection, n: number) => void this.heard.push(n) } },
    );
    return dial(closing, this.proxy.port, { application, reconnector: eager, ...options });
  }

  /** The server's side of the client's connection, which stays the same. */
  get far(): Connection {
    return this.server.getClientsArray()[0];
  }

  /** Talks both ways: so many calls, of which every third is held, and as many events. */
  talk(near: Connection, far: Connection, count = 6): void {
    for (let turn = 0; turn < count; turn++) {
      const n = this.made++;
      const method = n % 3 === 2 ? 'held' : 'quick';
      near.callMethod('work', method, [n], (error: unknown, result: unknown) =>
        this.answers.push(error ?? result),
      );
      far.emitRemoteEvent('news', 'item', [n]);
    }
  }

  /** All that was made was run once and in order, answered once, and heard once and in order. */
  async expectNothingLost(): Promise<void> {
    const all = Array.from({ length: this.made }, (_, n) => n);
    await waitFor(() => this.ran.length >= this.made, 'all calls');
    for (const answer of this.held.splice(0)) answer();
    await waitFor(() => this.answers.length >= this.made && this.heard.length >= this.made, 'all messages');
    expect(this.ran).toEqual(all);
    expect(this.heard).toEqual(all);
    expect([...this.answers].sort((a, b) => Number(a) - Number(b))).toEqual(all);
  }
}

/** Talks, does something to the line, talks on, and expects that nothing was lost or run twice. */
async function survives(fault: (world: World) => unknown, options: ClientOptions = {}): Promise<void> {
  const world = await World.start();
  const near = await world.connect(options);
  const { far } = world;
  const id = near.session?.id;
  const links = world.proxy.linkCount;
  world.talk(near, far);
  await waitFor(() => world.ran.length > 0, 'the first call');
  await fault(world);
  world.talk(near, far);
  await waitFor(() => near.handshakeDone && world.proxy.linkCount > links, 'the way back');
  world.talk(near, far);
  await world.expectNothingLost();
  expect([near.session?.id, world.far]).toEqual([id, far]);
}

describe('nothing is lost, run twice or out of order by', () => {
  test('a reset of the line', () => survives(({ proxy }) => proxy.cut()));

  test('an orderly end of the line that neither side has asked for', () =>
    survives(({ proxy }) => proxy.end()));

  test('a server that is gone for the client’s line only: the heart is not heard', () =>
    survives(({ proxy }) => proxy.halfOpen('client'), { heartbeatInterval: 30 }));

  test('a line that stalls towards the client', () =>
    survives(({ proxy }) => proxy.stall('toClient'), { heartbeatInterval: 30 }));

  test('a line that stalls towards the server', () =>
    survives(({ proxy }) => proxy.stall('toServer'), { heartbeatInterval: 30 }));

  test('a client that is back before the server has seen the end of its old line', () =>
    survives(({ proxy }) => proxy.halfOpen('server')));

  test('a cut within the messages, at any byte', async () => {
    const world = await World.start();
    const near = await world.connect();
    const { far } = world;
    for (let bytes = 1; bytes < 80; bytes += 7) {
      const { linkCount } = world.proxy;
      world.proxy.cutAfter(bytes, bytes % 2 === 0 ? 'toServer' : 'toClient');
      world.talk(near, far, 3);
      await waitFor(() => world.proxy.linkCount > linkCount && near.handshakeDone, 'the way back');
    }
    await world.expectNothingLost();
  });

  test.each([
    ['the request', 30, 'toServer'],
    ['the server’s answer', 20, 'toClient'],
  ] as const)('a cut within %s of a resume', async (_title, bytes, direction) => {
    const world = await World.start();
    const near = await world.connect();
    const { far } = world;
    world.talk(near, far);
    world.proxy.cut();
    await waitFor(() => world.proxy.links.length === 0, 'the cut');
    world.proxy.cutAfter(bytes, direction);
    world.talk(near, far);
    await waitFor(() => world.proxy.linkCount >= 3, 'the second attempt');
    await world.expectNothingLost();
  });

  test.each(['toServer', 'toClient'] as const)(
    'cuts within the replay %s, again and again',
    async (direction) => {
      const world = await World.start();
      const near = await world.connect({ reconnector: () => undefined });
      const { far } = world;
      world.proxy.cut();
      await waitFor(() => !near.handshakeDone && !far.handshakeDone, 'the cut');
      world.talk(near, far, 30);
      for (let turn = 1; turn <= 4; turn++) {
        // Beyond the handshake, and not so far as all that is to be sent again.
        world.proxy.cutAfter(250, direction);
        net.reconnect(near, world.proxy.port, '127.0.0.1').catch(() => undefined);
        await waitFor(() => world.proxy.linkCount === turn + 1, 'the next attempt');
        await waitFor(
          () => world.proxy.links.length === 0 && !near.handshakeDone && !far.handshakeDone,
          'the next cut',
        );
      }
      await within(net.reconnect(near, world.proxy.port, '127.0.0.1'), 'the last attempt');
      await world.expectNothingLost();
    },
  );
});

test('a cut within the first handshake fails the connect with -2, and the next one succeeds', async () => {
  const world = await World.start();
  for (const direction of ['toServer', 'toClient'] as const) {
    world.proxy.cutAfter(10, direction);
    await expect(world.connect()).rejects.toMatchObject({ code: -2 });
  }
  const near = await world.connect();
  world.talk(near, world.far);
  await world.expectNothingLost();
});

test('two claimants of one session end with one owner, and each call is run once', async () => {
  const world = await World.start();
  const first = await world.connect();
  const failures: unknown[] = [];
  const note = (error: unknown): void => {
    if (error) failures.push(error);
  };
  first.on('reconnect', note);
  const session = Session.fromString<Connection>(first.session?.toString() ?? '');
  const second = await world.connect({ session });
  second.on('reconnect', note);
  await waitFor(() => failures.length > 0, 'the end of the fight');
  const owner = first.handshakeDone ? first : second;
  expect(failures).toEqual([expect.objectContaining({ code: -4 })]);
  world.talk(owner, world.far);
  await waitFor(() => world.answers.length >= 4, 'the answers');
  expect(world.ran).toEqual([0, 1, 2, 3, 4, 5]);
});

test('a server that is killed and comes back: its sessions are lost with a typed error, calls fail with -1, and the new login is told', async () => {
  const program = await bundleServer();
  const port = await reservedPort(closing);
  const killed = await startProcess(program, port);
  const connection = await dial(closing, port, { reconnector: eager });
  const id = connection.session?.id;
  const failures: unknown[] = [];
  const lost: unknown[] = [];
  connection.on('reconnect', (error) => failures.push(error));
  connection.on('sessionLost', () => lost.push(connection.session?.id));
  const outcomes: unknown[] = [];
  connection.callMethod('work', 'never', [], (...outcome) => outcomes.push(outcome));
  await within(connection.callMethod('work', 'quick', []), 'an answer');
  killed.kill('SIGKILL');
  await waitFor(() => !connection.handshakeDone, 'the loss');
  await startProcess(program, port);
  await waitFor(() => outcomes.length > 0, 'the end of the call');
  expect(outcomes).toEqual([[-1]]);
  await waitFor(() => connection.handshakeDone, 'the new login');
  expect(failures).toContainEqual(expect.objectContaining({ code: -3 }));
  expect(lost).toHaveLength(1);
  expect(connection.session?.id).not.toBe(id);
  await expect(within(connection.callMethod('work', 'quick', []), 'an answer')).resolves.toBe('done');
});

/** A server's program. */
function bundleServer(): Promise<string> {
  const text = `
    import { Application, net } from './lib/core.js';
    const work = { quick: async (_connection) => 'done', never: (_connection, _callback) => undefined };
    const server = net.createServer({ applications: [new Application('app', { work })] });
    server.listen(Number(process.argv[2]), '127.0.0.1', () => process.send('ready'));
    process.on('disconnect', () => process.exit());
  `;
  return bundleProgram({ text }, closing);
}

async function startProcess(program: string, port: number): Promise<ChildProcess> {
  const child = startProgram(program, [String(port)], closing);
  await within(once(child, 'message'), 'a server that listens');
  return child;
}
