import { describe, expect, test } from '@jest/globals';
import type { Serializer } from '@nestjs/microservices';
import { JstpArgs, JstpClient } from '../../../lib/index.js';
import { errorOf, observe, valuesOf } from '../../support/observed.js';
import { takesTime } from '../../support/quiet.js';
import { waitFor } from '../../support/wait-for.js';
import { API, Bench, CallApplication } from './fixture.js';

type Packet = Record<string, unknown>;

const serializer = (serialize: (packet: Packet) => unknown): { serialize(packet: Packet): unknown } => ({
  serialize,
});
const deserializer = (
  deserialize: (packet: Packet) => Packet | Promise<Packet>,
): { deserialize(packet: Packet): Packet | Promise<Packet> } => ({ deserialize });

/** Takes long for the first, less for each further one. */
function slowFirst<T>(convert: (packet: Packet) => T): (packet: Packet) => Promise<T> {
  let delayMs = 30;
  return async (packet) => {
    delayMs = Math.max(0, delayMs - 10);
    await takesTime(delayMs + 1);
    return convert(packet);
  };
}

describe('a serializer', () => {
  const bench = new Bench();

  test('is given the packet, and its data is sent', async () => {
    const packets: Packet[] = [];
    const { port } = await bench.serve();
    const client = bench.client(port, {
      serializer: serializer((packet) => {
        packets.push(packet);
        return { ...packet, data: [packet.data] };
      }),
    });
    expect(await valuesOf(client.send('echo', 1))).toEqual([[1]]);
    client.emit('event', 2);
    await waitFor(() => packets.length === 2, 'the event');
    expect(packets).toEqual([
      { pattern: 'echo', data: 1, id: expect.any(String) },
      { pattern: 'event', data: 2 },
    ]);
  });

  test('may change the pattern, send several arguments, or give the data alone', async () => {
    const { port } = await bench.serve();
    const send = (convert: (packet: Packet) => unknown): Promise<readonly unknown[]> =>
      valuesOf(bench.client(port, { serializer: serializer(convert) }).send('echo', 1));
    expect(await send(() => ({ pattern: 'calc.add', data: JstpArgs.of(2, 3) }))).toEqual([5]);
    expect(await send(() => 'text')).toEqual(['text']);
    expect(await send(() => ({ data: 7 }))).toEqual([7]);
  });

  test('is given JstpArgs as they are', async () => {
    const { port } = await bench.serve();
    const client = bench.client(port, { serializer: serializer((packet) => packet) });
    expect(await client.call('calc', 'add', 1, 2)).toBe(3);
  });

  test('that throws, at once or later, fails that call or event and no other', async () => {
    const application = new CallApplication();
    const { port } = await bench.serve(application);
    const failure = new Error('not this one');
    const convert = (packet: Packet): Packet => {
      if (packet.data === 'bad') throw failure;
      return packet;
    };
    for (const conversion of [convert, slowFirst(convert)]) {
      const client = bench.client(port, { serializer: serializer(conversion) });
      const calls = ['a', 'bad', 'b'].map((data) => observe(client.send('m', data)));
      for (const call of calls) await call.end();
      expect(calls.map((call) => call.failure?.error ?? call.values)).toEqual([['a'], failure, ['b']]);
      expect(await errorOf(client.emit('e', 'bad'))).toBe(failure);
      expect(await valuesOf(client.emit('e', 'good'))).toEqual([undefined]);
    }
  });

  test('that takes its time keeps calls and events in their order', async () => {
    const order: unknown[] = [];
    const application = new CallApplication((call) => {
      order.push(call.args[0]);
      call.succeed([]);
    });
    application.handleEvent = (_connection, _interfaceName, _event, args) => order.push(args[0]);
    const { port } = await bench.serve(application);
    const client = bench.client(port, { serializer: serializer(slowFirst((packet) => packet)) });
    observe(client.send('m', 1));
    client.emit('e', 2);
    observe(client.send('m', 3));
    client.emit('e', 4);
    await waitFor(() => order.length === 4, 'all of them');
    expect(order).toEqual([1, 2, 3, 4]);
  });

  test('that is not done yet sends nothing for a call that was given up', async () => {
    const application = new CallApplication();
    const { port } = await bench.serve(application);
    const client = bench.client(port, { serializer: serializer(slowFirst((packet) => packet)) });
    await client.connect();
    observe(client.send('m', 1)).unsubscribe();
    expect(await valuesOf(client.send('m', 2))).toEqual([2]);
    expect(application.calls).toHaveLength(1);
  });

  test('that is done after the line is lost fails the call', async () => {
    const { port } = await bench.serve();
    const finish: ((packet: Packet) => void)[] = [];
    const client = bench.client(port, {
      serializer: serializer(() => new Promise<Packet>((resolve) => finish.push(resolve))),
    });
    await client.connect();
    const call = observe(client.send('echo', 1));
    const event = observe(client.emit('event', 1));
    await client.close();
    for (const resolve of finish) resolve({ pattern: 'echo', data: 1 });
    expect((await call.end()).failure?.error).toMatchObject({ code: -9 });
    expect((await event.end()).failure?.error).toMatchObject({ code: -9 });
  });

  test('may be set by a subclass', async () => {
    class Doubling extends JstpClient {
      constructor(port: number) {
        super({ app: 'app', host: '127.0.0.1', port });
        this.serializer = serializer((packet) => ({
          ...packet,
          data: Number(packet.data) * 2,
        })) as Serializer;
      }
    }
    const { port } = await bench.serve();
    const client = new Doubling(port);
    bench.ends(() => client.close());
    expect(await valuesOf(client.send('echo', 2))).toEqual([4]);
  });
});

describe('a deserializer', () => {
  const bench = new Bench();

  test('is given each response, and the error', async () => {
    const packets: Packet[] = [];
    const { port } = await bench.serve();
    const client = bench.client(port, {
      deserializer: deserializer((packet) => {
        packets.push(packet);
        return packet.err === undefined
          ? { ...packet, response: [packet.response] }
          : { ...packet, err: 'changed' };
      }),
    });
    expect(await valuesOf(client.send('echo', 1))).toEqual([[1]]);
    expect(await errorOf(client.send('calc.fail', [1, 'no', { message: 'no' }]))).toBe('changed');
    expect(packets).toEqual([
      { id: expect.any(String), response: 1, isDisposed: true },
      { id: expect.any(String), err: { message: 'no' }, isDisposed: true },
    ]);
    expect(packets[0]?.id).not.toBe(packets[1]?.id);
  });

  test('that takes its time keeps the values of a stream in their order, before its end', async () => {
    const application = new CallApplication((call) => {
      const stream = call.openStream();
      for (const value of [1, 2, 3]) stream.write(value);
      if (call.args[0] === 'fails') stream.fail('no');
      else stream.end();
    });
    const { port } = await bench.serve(application);
    const client = bench.client(port, { deserializer: deserializer(slowFirst((packet) => packet)) });
    expect(await valuesOf(client.send('stream', 1))).toEqual([1, 2, 3]);
    const failed = await observe(client.send('stream', 'fails')).end();
    expect([failed.values, failed.failure?.error]).toMatchObject([[1, 2, 3], { message: 'no' }]);
  });

  test('that throws ends the call with that error, after the values before', async () => {
    const application = new CallApplication((call) => {
      const stream = call.openStream();
      for (const value of [1, 2, 3]) stream.write(value);
    });
    const { port } = await bench.serve(application);
    const failure = new Error('not this one');
    const convert = (packet: Packet): Packet => {
      if (packet.response === 2) throw failure;
      return packet;
    };
    for (const conversion of [convert, slowFirst(convert)]) {
      const client = bench.client(port, { deserializer: deserializer(conversion) });
      const observed = await observe(client.send('stream', 1)).end();
      expect([observed.values, observed.failure?.error]).toEqual([[1], failure]);
    }
    await waitFor(() => application.calls.every(({ signal }) => signal.aborted), 'the cancellation');
  });

  test('is not asked about errors of this side', async () => {
    const packets: Packet[] = [];
    const application = new CallApplication(() => undefined);
    const { port } = await bench.serve(application);
    const client = bench.client(port, {
      deserializer: deserializer((packet) => {
        packets.push(packet);
        return packet;
      }),
    });
    const call = observe(client.send('m', 1));
    await waitFor(() => application.calls.length === 1, 'the call');
    expect(await errorOf(client.send('m', 5n))).toMatchObject({ code: 'ERR_MDSF_BIGINT' });
    await client.close();
    expect((await call.end()).failure).toMatchObject({ error: { code: -1 } });
    expect(packets).toEqual([]);
  });

  test('alone leaves what is sent as it is', async () => {
    const { port } = await bench.serve(API);
    const client = bench.client(port, { deserializer: deserializer((packet) => packet) });
    expect(await client.call('calc', 'add', 1, 2)).toBe(3);
    expect(await valuesOf(client.emit('e', 1))).toEqual([undefined]);
  });
});
