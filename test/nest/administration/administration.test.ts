import { describe, expect, test } from '@jest/globals';
import { Controller, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import {
  JstpClient,
  JstpServer,
  RemoteError,
  type Administration,
  type Connection,
  type ConnectionDetail,
  type ConnectionPage,
  type JstpContext,
  type JstpServerOptions,
  type ServerSnapshot,
} from '../../../lib/index.js';
import { LOOPBACK } from '../../support/ports.js';
import { waitFor, within } from '../../support/wait-for.js';
import { atEnd, callError, startService, type Service } from '../server/fixture.js';

const ADMINISTRATION = 'jstp.administration';

@Controller()
class WorkController {
  static release: (() => void)[] = [];

  @MessagePattern('work.add')
  add(@Payload() [a, b]: [number, number]): number {
    return a + b;
  }

  @MessagePattern('work.fail')
  fail(): never {
    throw new RpcException(new RemoteError(1234, 'the text of an error'));
  }

  @MessagePattern('work.wait')
  wait(@Payload() _secret: string): Promise<string> {
    return new Promise((resolve) => {
      WorkController.release.push(() => {
        resolve('done');
      });
    });
  }

  @EventPattern('work.noted')
  noted(@Payload() _what: string): void {
    // Only counted.
  }
}

/** Lets in the user named 'admin'. */
class AdminGuard implements CanActivate {
  readonly seen: unknown[] = [];

  canActivate(context: ExecutionContext): boolean {
    const rpc = context.switchToRpc();
    const jstp = rpc.getContext<JstpContext>();
    this.seen.push([jstp.getPattern(), rpc.getData<unknown>()]);
    return jstp.getUsername() === 'admin';
  }
}

const start = (options: Partial<JstpServerOptions> = {}): Promise<Service> =>
  startService({
    controllers: [WorkController],
    options: {
      authPolicy: async (
        _connection: unknown,
        _application: unknown,
        _strategy: string,
        credentials: unknown,
      ) => (credentials as string[])[0],
      administration: { guard: new AdminGuard() },
      ...options,
    },
  });

const ask = async <Answer>(connection: Connection, method: keyof Administration, ...args: unknown[]) =>
  (await within(connection.callMethod(ADMINISTRATION, method, args), method)) as Answer;
const overview = (connection: Connection): Promise<ServerSnapshot> => ask(connection, 'overview');
const errorOf = (connection: Connection, method: keyof Administration, ...args: unknown[]) =>
  callError(connection.callMethod(ADMINISTRATION, method, args));

/** A client of Nest, which comes back by itself. */
function clientOf({ port }: Service, login: string): JstpClient {
  const client = new JstpClient({ host: LOOPBACK, port, login, password: '', app: 'jstp' });
  atEnd(() => client.close());
  return client;
}

const handleOf = async (admin: Connection, username: string): Promise<number> => {
  const { connections } = await ask<ConnectionPage>(admin, 'connections');
  return connections.find((one) => one.username === username)?.handle ?? -1;
};

describe('who may administer a server', () => {
  test('is nobody without the option: the interface is unknown', async () => {
    const service = await start({ administration: undefined });
    const admin = await service.connect('jstp', {}, 'admin');
    expect((await errorOf(admin, 'overview')).code).toBe(12);
    expect(service.server.unwrap<{ countsMetrics: boolean }>().countsMetrics).toBe(false);
  });

  test('is said by a guard, for each call', async () => {
    const guard = new AdminGuard();
    const service = await start({ administration: { guard } });
    const anna = await service.connect('jstp', {}, 'anna');
    const admin = await service.connect('jstp', {}, 'admin');
    for (const method of ['overview', 'watch', 'connections', 'connection', 'cut', 'end'] as const) {
      const { message } = await errorOf(anna, method, 1);
      expect([method, message]).toEqual([method, 'Forbidden resource']);
    }
    expect((await overview(admin)).clients.connected).toBe(2);
    expect(guard.seen.at(-2)).toEqual([`${ADMINISTRATION}.end`, 1]);
    expect(guard.seen).toHaveLength(7);
  });

  test('has to be said', () => {
    for (const administration of [{}, { guard: true }, true, { guard: new AdminGuard(), more: 1 }])
      expect(() => new JstpServer({ administration } as JstpServerOptions)).toThrow(/administration/);
  });
});

describe('an overview', () => {
  test('tells calls, failures and what is being served by names, and nothing that was said', async () => {
    const service = await start();
    const [anna, admin] = [
      await service.connect('jstp', {}, 'anna'),
      await service.connect('jstp', {}, 'admin'),
    ];
    for (let n = 0; n < 3; n += 1) await anna.callMethod('work', 'add', [[n, 1]]);
    await callError(anna.callMethod('work', 'fail', ['payload']));
    await callError(anna.callMethod('made', 'up', []));
    anna.emitRemoteEvent('work', 'noted', ['payload']);
    const waiting = anna.callMethod('work', 'wait', ['payload']);
    await waitFor(() => WorkController.release.length > 0, 'the call');
    const snapshot = await overview(admin);
    WorkController.release.splice(0).forEach((release) => {
      release();
    });
    await waiting;

    expect(snapshot.clients).toEqual({ connected: 2, away: 0 });
    expect(snapshot.calls).toMatchObject({ count: 5, failed: 2 });
    expect(snapshot.events).toMatchObject({ count: 1, failed: 0 });
    const { mean, p50, p90, p99, max } = snapshot.calls.latency ?? {};
    expect(
      [p50, p90, p99, max].every((ms, index, all) => index === 0 || Number(ms) >= Number(all[index - 1])),
    ).toBe(true);
    expect(mean).toBeGreaterThan(0);
    expect(
      snapshot.slowest.map(({ interface: name, method, count }) => [name, method, count]).sort(),
    ).toEqual([
      ['_OTHER', '_OTHER', 1],
      ['work', 'add', 3],
      ['work', 'fail', 1],
    ]);
    expect(snapshot.failures).toEqual([
      {
        at: expect.any(Number),
        kind: 'call',
        application: 'jstp@1.0.0',
        interface: '_OTHER',
        method: '_OTHER',
        code: 12,
      },
      {
        at: expect.any(Number),
        kind: 'call',
        application: 'jstp@1.0.0',
        interface: 'work',
        method: 'fail',
        code: 1234,
      },
    ]);
    // The overview itself is being served, too.
    expect(snapshot.inService).toEqual(
      expect.arrayContaining([
        {
          handle: expect.any(Number),
          username: 'anna',
          interface: 'work',
          method: 'wait',
          ageMs: expect.any(Number),
          streams: false,
        },
      ]),
    );
    expect(snapshot.budgets.sessions.used).toBe(2);
    expect(snapshot.budgets.memoryBytes).toEqual({ used: expect.any(Number), limit: null });
    expect(JSON.stringify(snapshot)).not.toMatch(/payload|text of an error/);
  });

  test('is the same one for a second, whoever asks', async () => {
    const service = await start();
    const admin = await service.connect('jstp', {}, 'admin');
    const first = await overview(admin);
    await admin.callMethod('work', 'add', [[1, 2]]);
    expect(await overview(admin)).toEqual(first);
  });
});

describe('a stream of snapshots', () => {
  test('brings one at once, then what has happened since', async () => {
    const service = await start();
    const admin = await service.connect('jstp', {}, 'admin');
    await admin.callMethod('work', 'add', [[1, 2]]);
    const counts: number[] = [];
    for await (const snapshot of admin.stream<ServerSnapshot>(ADMINISTRATION, 'watch', [250])) {
      counts.push(snapshot.calls.count);
      if (counts.length === 1) await admin.callMethod('work', 'add', [[1, 2]]);
      if (counts.length === 3) break;
    }
    expect(counts).toEqual([1, 1, 0]);
    await waitFor(() => service.server.getUsage().callsInFlight.used === 0, 'the end of the stream');
  });

  test('is one of four for a client, not too fast, and not for a client that knows no streams', async () => {
    const service = await start();
    const admin = await service.connect('jstp', {}, 'admin');
    const streams = [1, 2, 3, 4].map(() => admin.stream<ServerSnapshot>(ADMINISTRATION, 'watch', [60_000]));
    const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
    for (const iterator of iterators) await iterator.next();
    expect(await errorOf(admin, 'watch')).toMatchObject({ code: 429 });
    await iterators[0].return();
    await waitFor(() => service.server.getUsage().callsInFlight.used === 3, 'the end of one');
    for (const interval of [249, 60_001, 1.5, '1000', null, {}])
      expect([interval, (await errorOf(admin, 'watch', interval)).code]).toEqual([interval, 400]);
    const old = await service.connect('jstp', { extensions: [] }, 'admin');
    expect(await errorOf(old, 'watch')).toMatchObject({ code: 400 });
  });

  test('ends when the server closes, which does not wait for it', async () => {
    const service = await start({ limits: { drainTimeoutMs: 600_000 } });
    const admin = await service.connect('jstp', {}, 'admin');
    const iterator = admin.stream<ServerSnapshot>(ADMINISTRATION, 'watch', [60_000])[Symbol.asyncIterator]();
    await iterator.next();
    const next = callError(iterator.next());
    await within(service.app.close(), 'the close');
    expect((await next).code).toBe(-11);
  });

  test('goes on after its client was cut, and has come back', async () => {
    const service = await start();
    const client = clientOf(service, 'admin');
    const iterator = client.stream<ServerSnapshot>(ADMINISTRATION, 'watch', 250)[Symbol.asyncIterator]();
    await iterator.next();
    const [atServer] = service.server.getClients();
    const other = await service.connect('jstp', {}, 'admin');
    await ask(other, 'cut', atServer.id);
    await waitFor(() => atServer.handshakeDone, 'the resume');
    expect((await within(iterator.next(), 'another snapshot')).done).toBe(false);
    await iterator.return();
  });
});

describe('the clients', () => {
  test('are listed in pages by handles, and never by the ids of their sessions', async () => {
    const service = await start();
    const admin = await service.connect('jstp', {}, 'admin');
    for (const name of ['anna', 'bert', 'cleo', 'dora']) await service.connect('jstp', {}, name);
    const names: unknown[] = [];
    let texts = '';
    let after: number | null | undefined;
    for (let page = 0; page < 3; page += 1) {
      const { connections, next, total } = await ask<ConnectionPage>(admin, 'connections', {
        after,
        limit: 2,
      });
      expect(total).toBe(5);
      names.push(connections.map(({ username, isSelf }) => (isSelf ? `${username}!` : username)));
      texts += JSON.stringify(connections);
      for (const { handle } of connections) texts += JSON.stringify(await ask(admin, 'connection', handle));
      after = next;
    }
    expect(names).toEqual([['admin!', 'anna'], ['bert', 'cleo'], ['dora']]);
    expect(after).toBeNull();
    for (const { session } of service.server.getClients()) {
      expect(texts).not.toContain(session?.id);
      expect(texts).not.toContain(session?.publicId);
    }
  });

  test('are told in detail', async () => {
    const service = await start();
    const admin = await service.connect('jstp', {}, 'admin');
    const anna = await service.connect('jstp', {}, 'anna');
    const [, atServer] = service.server.getClients();
    service.server.rooms.join(atServer, 'kitchen');
    await anna.callMethod('work', 'add', [[1, 2]]);
    atServer.emitRemoteEvent('work', 'said', ['payload']);
    const detail = await ask<ConnectionDetail>(admin, 'connection', await handleOf(admin, 'anna'));
    expect(detail).toMatchObject({
      handle: atServer.id,
      state: 'connected',
      username: 'anna',
      application: 'jstp@1.0.0',
      address: LOOPBACK,
      isSelf: false,
      transport: 'tcp',
      sent: 1,
      received: 1,
      rooms: ['kitchen'],
      calls: [],
    });
    expect(detail.extensions).toEqual(expect.arrayContaining(['resume', 'stream']));
    expect(detail.extensions).not.toContain('max');
  });

  test('are asked for with care', async () => {
    const service = await start();
    const admin = await service.connect('jstp', {}, 'admin');
    for (const query of [{ limit: 0 }, { limit: 101 }, { after: -1 }, { after: '1' }, { more: 1 }, 1, null])
      expect([query, (await errorOf(admin, 'connections', query)).code]).toEqual([query, 400]);
    for (const method of ['connection', 'cut', 'end'] as const) {
      expect((await errorOf(admin, method, 1e9)).code).toBe(404);
      for (const handle of [undefined, null, '1', -1, 1.5, {}, []])
        expect((await errorOf(admin, method, handle)).code).toBe(400);
    }
    expect((await errorOf(admin, 'overview', 1)).code).toBe(400);
  });
});

describe('a client', () => {
  test('that is cut comes back with its session, and a call under way gets its answer', async () => {
    const service = await start();
    const anna = clientOf(service, 'anna');
    const admin = await service.connect('jstp', {}, 'admin');
    const { session } = await anna.connect();
    const answer = anna.call('work', 'wait', 'payload');
    await waitFor(() => WorkController.release.length > 0, 'the call');
    let resumed = 0;
    service.server.on('reconnect', () => (resumed += 1));
    await ask(admin, 'cut', await handleOf(admin, 'anna'));
    await waitFor(() => resumed === 1, 'the resume');
    WorkController.release.splice(0).forEach((release) => {
      release();
    });
    expect(await within(answer, 'the answer')).toBe('done');
    expect((await anna.connect()).session?.id).toBe(session?.id);
  });

  test('that is ended has no session any more; who ends itself hears that it was done', async () => {
    const service = await start();
    const anna = await service.connect('jstp', {}, 'anna');
    const admin = await service.connect('jstp', {}, 'admin');
    await ask(admin, 'end', await handleOf(admin, 'anna'));
    await waitFor(() => !anna.handshakeDone, 'the end');
    expect((await ask<ConnectionPage>(admin, 'connections')).total).toBe(1);
    await ask(admin, 'end', await handleOf(admin, 'admin'));
    await waitFor(() => service.server.getUsage().sessions.used === 0, 'the end of all');
  });

  test('that is away can be ended, and not be cut', async () => {
    const service = await start();
    const anna = await service.connect('jstp', {}, 'anna');
    const admin = await service.connect('jstp', {}, 'admin');
    const handle = await handleOf(admin, 'anna');
    (anna.getTransport() as { destroy(): void }).destroy();
    await waitFor(() => [...service.server.getClients()].length === 1, 'the loss of the transport');
    expect(await ask(admin, 'connection', handle)).toMatchObject({ state: 'away', transport: null });
    expect((await errorOf(admin, 'cut', handle)).code).toBe(409);
    await ask(admin, 'end', handle);
    expect((await errorOf(admin, 'end', handle)).code).toBe(404);
    expect(service.server.getUsage().sessions.used).toBe(1);
  });
});
