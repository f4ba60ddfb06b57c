import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Application,
  ERR_NOT_CONNECTED,
  type Connection,
  type IncomingCall,
  type JstpStream,
} from '../../lib/core.js';
import { createTestingPair, type TestingPair, type TestingPairOptions } from '../../lib/testing/index.js';
import { ALL_EXTENSIONS } from '../support/core.js';
import { within } from '../support/wait-for.js';

/** Answers a call with its name and arguments; notes what comes, in order. */
class Noting extends Application<Connection> {
  readonly seen: string[] = [];
  /** Answers calls, where it is set. */
  answer: ((call: IncomingCall<Connection>) => void) | undefined;

  handleCall(call: IncomingCall<Connection>): void {
    this.seen.push(call.methodName);
    if (this.answer) this.answer(call);
    else call.succeed([[call.methodName, call.args.at(-1)]]);
  }

  override handleEvent(_connection: Connection, _interface: string, event: string): void {
    this.seen.push(event);
  }
}

let pair: TestingPair | undefined;
afterEach(async () => {
  await pair?.close();
});

async function start(
  options: Partial<TestingPairOptions> = {},
): Promise<TestingPair & { app: Noting; side: Noting; errors: unknown[] }> {
  const app = new Noting('app', {});
  const side = new Noting('side', {});
  pair = await createTestingPair({ applications: [app], client: { application: side }, ...options });
  const errors: unknown[] = [];
  for (const connection of [pair.client, pair.remote]) connection.on('error', (error) => errors.push(error));
  return Object.assign(pair, { app, side, errors });
}

/** Runs something once, where a value may be read several times. */
function once(run: () => void): () => number {
  let isDone = false;
  return () => {
    if (!isDone) {
      isDone = true;
      run();
    }
    return 1;
  };
}

/** Values that run something while they are written, and all are the number 1, or hold it. */
const VALUES: [string, (run: () => void) => unknown][] = [
  ['a toJSON', (run) => ({ toJSON: once(run) })],
  ['a toMDSF', (run) => ({ toMDSF: once(run) })],
  ['a getter', (run) => Object.defineProperty({}, 'a', { enumerable: true, get: once(run) })],
  [
    'a getter of what is written as JSON',
    (run) => Object.defineProperty(wide(), 'a', { enumerable: true, get: once(run) }),
  ],
  ['a toJSON behind large bytes', (run) => [Buffer.alloc(70_000, 1), { toJSON: once(run) }]],
];

function wide(): object {
  return Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`k${String(index)}`, index]));
}

/** What arrives of a value. */
function arrived(make: (run: () => void) => unknown): unknown {
  const value = make(() => undefined);
  if (Array.isArray(value)) return [value[0], 1];
  const object = value as object;
  return 'toJSON' in object || 'toMDSF' in object ? 1 : { ...object };
}

describe('what a value sends while its message is being written', () => {
  test.each(VALUES)('comes before that, each with a number of its own: %s', async (_title, make) => {
    const { client, app, errors } = await start();
    const inner: Promise<unknown>[] = [];
    const send = (name: string) => () => {
      const bytes = Buffer.alloc(5000, 2);
      inner.push(client.callMethod('any', `call in ${name}`, [bytes]), client.ping());
      client.emitRemoteEvent('any', `event in ${name}`, [bytes]);
    };
    const outer = client.callMethod('any', 'called', [make(send('called'))]);
    client.emitRemoteEvent('any', 'emitted', [make(send('emitted'))]);
    const streaming = client.callMethod('any', 'streamed', [iterate([1]), make(send('streamed'))]);
    expect(await within(outer, 'the answer')).toEqual(['called', arrived(make)]);
    expect(await within(streaming, 'the other answer')).toEqual(['streamed', arrived(make)]);
    await within(Promise.all(inner), 'the inner answers');
    expect(app.seen).toEqual(
      ['called', 'emitted', 'streamed'].flatMap((name) => [`call in ${name}`, `event in ${name}`, name]),
    );
    expect(await inner[0]).toEqual(['call in called', Buffer.alloc(5000, 2)]);
    expect(errors).toEqual([]);
  });

  test('comes before it also from metadata and from what a call is asked again with', async () => {
    const { client, app } = await start();
    const metadata = (name: string): Record<string, unknown> =>
      Object.defineProperty({}, 'a', {
        enumerable: true,
        get: once(() => {
          client.emitRemoteEvent('any', `in ${name}`, []);
        }),
      });
    const call = client.callMethod('any', 'called', [], { metadata: metadata('called') });
    client.emitRemoteEvent('any', 'emitted', [], { metadata: metadata('emitted') });
    const again = { toJSON: once(() => void client.ping()) };
    const resent = client.callMethodWithResend('any', 'again', [again]);
    await within(Promise.all([call, resent]), 'the answers');
    expect(app.seen).toEqual(['in called', 'called', 'in emitted', 'emitted', 'again']);
  });

  test('comes before it to each client of a broadcast, those without bytes too', async () => {
    const extensions = ALL_EXTENSIONS.filter((name) => name !== 'bytes');
    const { server, client, side } = await start({
      client: { application: new Noting('side', {}), extensions },
    });
    const application = client.application as Noting;
    const value = {
      toJSON: () => {
        if (server.getClientsArray().length > 0) server.getClientsArray()[0].emitRemoteEvent('any', 'in', []);
        return '`';
      },
    };
    server.broadcast('any', 'emitted', Buffer.from('a'), value);
    await within(server.getClientsArray()[0].ping(), 'a pong');
    expect(application.seen.at(-1)).toBe('emitted');
    expect(application.seen.slice(0, -1).every((name) => name === 'in')).toBe(true);
    expect(side.seen).toEqual([]);
  });

  test('comes before a result', async () => {
    const { client, remote, app, side } = await start();
    app.answer = (call) => {
      const toJSON = once(() => {
        remote.emitRemoteEvent('any', 'emitted', []);
      });
      call.succeed([{ toJSON }]);
    };
    expect(await within(client.callMethod('any', 'called', []), 'the result')).toBe(1);
    expect(side.seen).toEqual(['emitted']);
  });
});

describe('a value that acts on what it is in', () => {
  test.each(['succeed', 'fail'] as const)('answers a call once, with what it gives to %s', async (how) => {
    const { client, app } = await start();
    let callbacks = 0;
    client.on('callback', () => (callbacks += 1));
    app.answer = (call) => {
      call.succeed([{ toJSON: once(() => (how === 'fail' ? call.fail('inner') : call.succeed(['inner']))) }]);
      app.answer = undefined;
    };
    const answer = await within(client.callMethod('any', 'called', []).catch(String), 'the answer');
    expect(answer).toContain('inner');
    await client.callMethod('any', 'next', []);
    expect(callbacks).toBe(2);
  });

  test('adds values to the stream that it is a value of, before itself, and each arrives', async () => {
    const { client, app } = await start();
    app.answer = (call) => {
      const stream = call.openStream();
      stream.write({
        toJSON: once(() => [10, Buffer.alloc(5000, 1)].forEach((value) => stream.write(value))),
      });
      stream.write(2);
      stream.end();
    };
    const values: unknown[] = [];
    for await (const value of client.stream('any', 'values', [])) values.push(value);
    expect(values).toEqual([10, Buffer.alloc(5000, 1), 1, 2]);
  });

  test('ends the stream that it is a value of, and is none of it', async () => {
    const { client, app } = await start();
    app.answer = (call) => {
      const stream = call.openStream();
      stream.write(0);
      expect(stream.write({ toJSON: once(() => stream.end()) })).toBe(false);
    };
    const values: unknown[] = [];
    for await (const value of client.stream('any', 'values', [])) values.push(value);
    expect(values).toEqual([0]);
  });

  test('calls by the connection that sends it in an argument that streams', async () => {
    const { client, app } = await start();
    app.answer = (call) => {
      void (async () => {
        const values: unknown[] = [];
        for await (const value of call.args[0] as JstpStream) values.push(value);
        call.succeed([values]);
      })();
    };
    const value = { toJSON: once(() => client.emitRemoteEvent('any', 'emitted', [])) };
    const result = client.callMethod('any', 'sum', [iterate([0, value, 2])]);
    expect(await within(result, 'the result')).toEqual([0, 1, 2]);
    expect(app.seen).toEqual(['sum', 'emitted']);
  });

  test('ends the connection: nothing is sent, and its sender is told', async () => {
    const { client, app } = await start();
    const value = { toJSON: once(() => client.close()) };
    const refused = expect.objectContaining({ code: ERR_NOT_CONNECTED });
    await expect(within(client.callMethod('any', 'called', [value]), 'the error')).rejects.toEqual(refused);
    expect(app.seen).toEqual([]);
    const again = await start();
    again.client.emitRemoteEvent('any', 'emitted', [{ toJSON: once(() => again.client.close()) }]);
    expect(again.errors).toEqual([refused]);
    expect(again.client.session?.journal.size).toBe(0);
  });
});

async function* iterate(values: readonly unknown[]): AsyncGenerator<unknown> {
  yield* values;
}
