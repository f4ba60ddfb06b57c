import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Application, net, ws, type Connection, type IncomingCall } from '../../lib/core.js';
import { createMemoryEntry } from '../../lib/testing/index.js';
import { StoreGate } from '../../lib/connection/channel/store-gate.js';
import { Closing } from '../support/closing.js';
import { ALL_EXTENSIONS, type Back } from '../support/core.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

const who = new AsyncLocalStorage<string>();

/** What ran in whose context. */
type Seen = [what: string, store: string | undefined][];

const memory = createMemoryEntry();

/** The entries, and how a client of each names the server. */
const ENTRIES = [
  ['net', { entry: net, argsOf: (port: number) => [port, '127.0.0.1'] }],
  ['ws', { entry: ws, argsOf: (port: number) => [null, `ws://127.0.0.1:${port}`] }],
  ['memory', { entry: memory, argsOf: (port: number) => [port] }],
] as const;

class Streaming {
  readonly name = 'app';
  readonly version = '1.0.0';

  constructor(private readonly seen: Seen) {}

  getMethods(): string[] {
    return ['stream'];
  }

  callMethod(): never {
    throw new Error('Calls are taken whole');
  }

  handleCall(call: IncomingCall<Connection>): void {
    this.seen.push(['method', who.getStore()]);
    const stream = call.openStream();
    stream.write(1);
    // The caller is called back, and what it does next must not be done in its name.
    who.run('the handler', () => {
      call.connection.callMethod('side', 'back', [], () => {
        this.seen.push(['answer of the client', who.getStore()]);
        stream.end();
      });
    });
  }

  handleEvent(): void {
    this.seen.push(['event', who.getStore()]);
  }
}

describe.each(ENTRIES)('over %s', (_name, { entry, argsOf }) => {
  test('whoever calls is called back in its own context, and what a peer starts runs in none', async () => {
    const seen: Seen = [];
    const note = (what: string): void => {
      seen.push([what, who.getStore()]);
    };
    const server = who.run('the server’s starter', () => {
      const made = entry.createServer({
        applications: [new Streaming(seen)],
        extensions: ALL_EXTENSIONS,
      });
      made.listen(0);
      return made;
    });
    closing.add(() => {
      server.closeConnections();
      server.close();
    });
    await waitFor(() => server.listening, 'the server');
    const { port } = server.address() as { port: number };
    const side = new Application<Connection>(
      'side',
      {
        side: {
          back: (_connection: Connection, callback: Back) => {
            note('method of the client');
            callback(null);
          },
        },
      },
      { side: { told: () => note('event of the client') } },
    );
    const options = { application: side, extensions: ALL_EXTENSIONS, reconnector: () => undefined };
    const connection = await within(
      who.run(
        'connector',
        () =>
          new Promise<Connection>((resolve) => {
            const done = (_error: unknown, made: Connection): void => {
              note('connect');
              resolve(made);
            };
            (entry.connect as (...args: unknown[]) => unknown)('app', options, ...argsOf(port), done);
          }),
      ),
      'a connection',
    );
    closing.add(() => {
      connection.close();
    });
    let isDone = false;
    who.run('caller', () => {
      const onItem = (): void => {
        note('item');
      };
      connection.startCall('any', 'stream', [], () => note('end'), { onItem });
    });
    who.run('inspector', () => {
      connection.inspectInterface('any', () => note('inspect'));
    });
    connection.emitRemoteEvent('any', 'event', []);
    server.broadcast('side', 'told');
    who.run('pinger', () => {
      connection.ping(() => {
        note('pong');
        isDone = true;
      });
    });
    await waitFor(() => isDone && seen.some(([what]) => what === 'end'), 'all answers');
    await waitFor(() => seen.length === 10, 'all of it');
    expect(Object.fromEntries(seen)).toEqual({
      connect: 'connector',
      method: undefined,
      item: 'caller',
      'method of the client': undefined,
      'answer of the client': 'the handler',
      end: 'caller',
      inspect: 'inspector',
      event: undefined,
      'event of the client': undefined,
      pong: 'pinger',
    });
  });
});

test('calls that are lost with their line are called back in the context of their callers', async () => {
  const server = net.createServer({
    applications: [
      new Application('app', { any: { never: (_connection: Connection, _callback: Back) => undefined } }),
    ],
  });
  server.listen(0);
  closing.add(() => {
    server.closeConnections();
    server.close();
  });
  await waitFor(() => server.listening, 'the server');
  const { port } = server.address() as { port: number };
  const connection = await who.run('connector', () =>
    net.connect('app', { reconnector: () => undefined }, port, '127.0.0.1'),
  );
  const seen: unknown[] = [];
  for (const name of ['first', 'second']) {
    who.run(name, () => {
      connection.callMethod('any', 'never', [], (error) => seen.push([error, who.getStore()]));
    });
  }
  connection.close();
  await waitFor(() => seen.length === 2, 'the losses');
  expect(seen).toEqual([
    [-1, 'first'],
    [-1, 'second'],
  ]);
});

test('what waits for a session to be stored runs in no context: not in that of the handler that was first', async () => {
  const stores: unknown[] = [];
  const gate = new StoreGate(
    () => Promise.resolve(),
    10,
    () => undefined,
    (error) => stores.push(error),
  );
  for (const name of ['first', 'second']) {
    who.run(name, () => {
      gate.run(() => stores.push(who.getStore()));
    });
  }
  await waitFor(() => stores.length === 2, 'both');
  expect(stores).toEqual([undefined, undefined]);
});

test('a context that a method enters ends with its message', async () => {
  const seen: unknown[] = [];
  const api = {
    who: {
      enter: (_connection: Connection, name: string, answer: Back): void => {
        who.enterWith(name);
        answer(null);
      },
      tell: (_connection: Connection, answer: Back): void => {
        seen.push(who.getStore());
        answer(null);
      },
    },
  };
  const server = net.createServer({ applications: [new Application<Connection>('app', api)] });
  await within(new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)), 'a server');
  closing.add(() => {
    server.closeConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const [one, two] = await Promise.all(
    [1, 2].map(() =>
      within(net.connect('app', { reconnector: () => undefined }, port, '127.0.0.1'), 'a client'),
    ),
  );
  // In one chunk: the second message is served right after the first one.
  const both = [one.callMethod('who', 'enter', ['ann']), one.callMethod('who', 'tell', [])];
  await within(Promise.all(both), 'the answers');
  await within(two.callMethod('who', 'tell', []), 'an answer');
  expect(seen).toEqual([undefined, undefined]);
});
