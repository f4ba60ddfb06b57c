import { describe, expect, test } from '@jest/globals';
import { JstpArgs } from '../../../lib/index.js';
import { NO_EXTENSIONS } from '../../../lib/connection/extensions.js';
import { Closing } from '../../support/closing.js';
import { reference, startServer, type Listening, type PeerConnection } from '../../support/jstp.js';
import { errorOf, observe, valuesOf } from '../../support/observed.js';
import { waitFor, within } from '../../support/wait-for.js';
import { Bench, record } from './fixture.js';

type Answer = (error: unknown, ...results: unknown[]) => void;

const heard: unknown[] = [];
const API = {
  calc: {
    add: (_connection: PeerConnection, a: number, b: number, answer: Answer) => answer(null, a + b),
    pair: (_connection: PeerConnection, answer: Answer) => answer(null, 1, 2),
    nothing: (_connection: PeerConnection, answer: Answer) => answer(null),
    remote: (_connection: PeerConnection, answer: Answer) =>
      answer(new reference.RemoteError(1001, 'limit', ['room'])),
    plain: (_connection: PeerConnection, answer: Answer) => answer(new Error('text')),
    silent: (_connection: PeerConnection, _answer: Answer) => undefined,
    who: (connection: PeerConnection, answer: Answer) => answer(null, connection.username),
    ask: (connection: PeerConnection, answer: Answer) => {
      connection.callMethod('local', 'double', [21], (error: unknown, result: unknown) => {
        answer(error, result);
      });
    },
  },
  default: { echo: (_connection: PeerConnection, value: unknown, answer: Answer) => answer(null, value) },
};
const HANDLERS = { news: { flash: (_connection: PeerConnection, ...args: unknown[]) => heard.push(args) } };

describe('a client of the reference implementation', () => {
  const bench = new Bench();

  async function serve(options: object = {}): Promise<Listening> {
    const closing = new Closing();
    bench.ends(() => closing.run());
    heard.length = 0;
    const applications = [
      new reference.Application('app', API, HANDLERS, '1.2.3'),
      new reference.Application(
        'app',
        { calc: { version: (_c: unknown, answer: Answer) => answer(null, 2) } },
        {},
        '2.0.0',
      ),
    ];
    return startServer(reference, { applications, ...options }, closing);
  }

  test('calls methods, finds versions and gets RemoteErrors', async () => {
    const { port } = await serve();
    const client = bench.client(port, { app: 'app@^1.0.0' });
    expect(await client.call('calc', 'add', 2, 3)).toBe(5);
    expect(await valuesOf(client.send('calc.pair', JstpArgs.of()))).toEqual([[1, 2]]);
    expect(await valuesOf(client.send('calc.nothing', JstpArgs.of()))).toEqual([]);
    expect(await valuesOf(client.send('echo', { a: [1, null] }))).toEqual([{ a: [1, null] }]);
    expect(await errorOf(client.send('calc.remote', JstpArgs.of()))).toMatchObject({
      name: 'RemoteError',
      code: 1001,
      message: 'limit',
      info: ['room'],
    });
    expect(await errorOf(client.send('calc.plain', JstpArgs.of()))).toMatchObject({
      code: 1,
      message: 'Error: text',
    });
    expect(await errorOf(client.send('calc.sub', 1))).toMatchObject({ code: 14 });
    expect(await bench.client(port).call('calc', 'version')).toBe(2);
    expect(await client.inspect('calc')).toEqual(Object.keys(API.calc));
    expect(client.unwrap().extensions).toEqual(NO_EXTENSIONS);
  });

  test('sends and receives events, and is called back', async () => {
    const { port, server } = await serve();
    const client = bench.client(port, { app: 'app@^1.0.0' });
    client.expose({ local: { double: (n: number) => n * 2 } });
    const seen = observe(client.fromEvent('news', 'flash'));
    client.emit('news.flash', JstpArgs.of('a', 1));
    await waitFor(() => heard.length === 1, 'the event');
    expect(heard).toEqual([['a', 1]]);
    server.broadcast('news', 'flash', 'b');
    expect(await seen.received(1)).toEqual(['b']);
    expect(await client.call('calc', 'ask')).toBe(42);
  });

  test('logs in, and is refused', async () => {
    const authPolicy = {
      authenticate(_c: unknown, _app: unknown, strategy: string, credentials: string[], answer: Answer) {
        if (strategy === 'login' && credentials[1] === 'right') answer(null, credentials[0]);
        else answer(new Error('no'));
      },
    };
    const { port } = await serve({ authPolicy });
    const options = { app: 'app@^1.0.0', login: 'marcus' };
    expect(await bench.client(port, { ...options, password: 'right' }).call('calc', 'who')).toBe('marcus');
    await expect(bench.client(port, { ...options, password: 'wrong' }).connect()).rejects.toMatchObject({
      code: 11,
    });
  });

  test('fails with -1 the calls whose answers a cut has lost, and resumes its session', async () => {
    const { port, sockets } = await serve();
    const client = bench.client(port, { app: 'app@^1.0.0' });
    const events = record(client);
    const lost = observe(client.send('calc.silent', JstpArgs.of()));
    expect(await client.call('calc', 'add', 1, 1)).toBe(2);
    for (const socket of sockets) socket.destroy();
    await lost.end();
    expect(lost.failure).toMatchObject({ error: { code: -1 } });
    expect(await within(client.call('calc', 'add', 2, 2), 'the answer')).toBe(4);
    expect(events).toContain('reconnect true');
  });

  test('has the calls that were made while the line was down after the resume', async () => {
    const { port, sockets } = await serve();
    const client = bench.client(port, { app: 'app@^1.0.0' });
    const events = record(client);
    await client.connect();
    for (const socket of sockets) socket.destroy();
    await waitFor(() => events.includes('close'), 'the end of the line');
    expect(() => client.unwrap()).toThrow('Not initialized');
    const sums = [1, 2, 3].map((value) => client.call('calc', 'add', value, value));
    expect(await within(Promise.all(sums), 'the answers')).toEqual([2, 4, 6]);
    expect(events).toContain('reconnect true');
  });

  test('unsubscribing sends it nothing that it does not know', async () => {
    const { port, sockets } = await serve();
    const client = bench.client(port, { app: 'app@^1.0.0' });
    await client.connect();
    observe(client.send('calc.silent', JstpArgs.of())).unsubscribe();
    expect(await client.call('calc', 'add', 1, 1)).toBe(2);
    expect(sockets.size).toBe(1);
  });
});
