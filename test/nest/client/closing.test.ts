import { describe, expect, test } from '@jest/globals';
import { observe } from '../../support/observed.js';
import { turns } from '../../support/quiet.js';
import { waitFor, within } from '../../support/wait-for.js';
import { Bench, CallApplication } from './fixture.js';

describe('a client that closes', () => {
  const bench = new Bench();
  /** An application that answers when it is told to. */
  const holding = (): CallApplication => new CallApplication(() => undefined);
  const patient = { limits: { drainTimeoutMs: 60_000 } };

  test('waits for calls and streams under way, and then ends', async () => {
    const application = holding();
    const { port, connections, sockets } = await bench.serve(application);
    const client = bench.client(port, patient);
    const call = observe(client.send('held', 1));
    const stream = observe(client.send('streams', 2));
    await waitFor(() => application.calls.length === 2, 'the calls');
    let isClosed = false;
    const closed = client.close().then(() => (isClosed = true));
    const [held, streams] = application.calls;
    held.succeed(['late']);
    expect((await call.end()).values).toEqual(['late']);
    await turns();
    expect([isClosed, sockets.size]).toEqual([false, 1]);
    streams.openStream().write('a value');
    streams.openStream().end();
    await within(closed, 'the close');
    expect((await stream.end()).values).toEqual(['a value']);
    await waitFor(() => sockets.size === 0, 'the end of the connection');
    expect(connections()).toBe(1);
  });

  test('is disconnected at once for who asks, and makes another connection for who uses it meanwhile', async () => {
    const application = new CallApplication((call) => {
      if (call.methodName === 'echo') call.succeed(call.args);
    });
    const { port, connections } = await bench.serve(application);
    const client = bench.client(port, patient);
    const states = observe(client.status);
    const call = observe(client.send('held', 1));
    await waitFor(() => application.calls.length === 1, 'the call');
    const closed = client.close();
    expect(states.values.at(-1)).toBe('disconnected');
    expect((await observe(client.send('echo', 2)).end()).values).toEqual([2]);
    application.calls[0]?.succeed(['late']);
    await within(closed, 'the close');
    expect([(await call.end()).values, connections(), states.values.at(-1)]).toEqual([
      ['late'],
      2,
      'connected',
    ]);
  });

  test('fails what takes longer than drainTimeoutMs with -1', async () => {
    const application = holding();
    const { port } = await bench.serve(application);
    const client = bench.client(port, { limits: { drainTimeoutMs: 20 } });
    const call = observe(client.send('held', 1));
    await waitFor(() => application.calls.length === 1, 'the call');
    await within(client.close(), 'the close');
    expect((await call.end()).failure).toMatchObject({ error: { code: -1 } });
    await waitFor(() => application.calls.some(({ signal }) => signal.aborted), 'the end at the server');
  });

  test('waits no longer where the connection is cut', async () => {
    const application = holding();
    const { port, cut } = await bench.serve(application);
    const client = bench.client(port, patient);
    const call = observe(client.send('held', 1));
    await waitFor(() => application.calls.length === 1, 'the call');
    const closed = client.close();
    cut();
    await within(closed, 'the close');
    expect((await call.end()).failure).toMatchObject({ error: { code: -1 } });
  });
});
