import { afterEach, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import type { Deserializer, Serializer } from '@nestjs/microservices';
import { of, type Observable } from 'rxjs';
import { errorOf, observe, valuesOf } from '../../support/observed.js';
import { takesTime } from '../../support/quiet.js';
import { waitFor } from '../../support/wait-for.js';
import type { ContractSetup } from './contract.js';
import { describeService } from './suite.js';
import type { TransportUnderTest } from './transport-under-test.js';

type Packet = Record<string, unknown>;
type Conversion = (packet: Packet) => Packet | Promise<Packet>;

const handled: unknown[] = [];
const seenByServer: Packet[] = [];
const REFUSED_DATA = 'refused by the serializer';
const UNREADABLE_DATA = 'refused by the deserializer';

const serializer = (serialize: Conversion): Serializer<Packet, Packet | Promise<Packet>> => ({ serialize });
const deserializer = (deserialize: Conversion): Deserializer<Packet, Packet> => ({ deserialize });

/** Changes one field of a packet where there is one, and leaves the rest of Nest's envelope as it is. */
function field(name: string, change: (value: unknown) => unknown): Conversion {
  return (packet) => (packet[name] === undefined ? packet : { ...packet, [name]: change(packet[name]) });
}

const inOrder =
  (...conversions: readonly ((packet: Packet) => Packet)[]): ((packet: Packet) => Packet) =>
  (packet) =>
    conversions.reduce((current, convert) => convert(current), packet);

const sync = (conversion: Conversion): ((packet: Packet) => Packet) =>
  conversion as (packet: Packet) => Packet;
const wrap =
  (key: string): ((value: unknown) => unknown) =>
  (value) => ({ [key]: value });
const unwrap =
  (key: string): ((value: unknown) => unknown) =>
  (value) =>
    Reflect.get(Object(value) as object, key) as unknown;

const later =
  (conversion: Conversion): Conversion =>
  async (packet) => {
    await takesTime(1);
    return conversion(packet);
  };

/** The first of several messages takes longest: only what keeps the order keeps them in order. */
const slowFirst = (conversion: Conversion): Conversion => {
  let delayMs = 30;
  return async (packet) => {
    await takesTime(delayMs);
    delayMs = Math.max(1, delayMs - 10);
    return conversion(packet);
  };
};

const refuse =
  (text: string): Conversion =>
  (packet) => {
    if (packet.data === text) throw new Error(`${text}: conversion failed`);
    return packet;
  };

@Controller()
class SerializedController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    handled.push(data);
    return data;
  }

  @MessagePattern('stream')
  stream(@Payload() data: unknown): Observable<unknown> {
    return of(data, 'second', { third: 3 });
  }

  @MessagePattern('fail')
  fail(): never {
    throw new RpcException({ code: 5, message: 'five' });
  }

  @MessagePattern('nothing')
  nothing(): void {
    // Has no result.
  }

  @EventPattern('event')
  event(@Payload() data: unknown): void {
    handled.push(data);
  }
}

const requestOut = field('data', wrap('sealed'));
const requestIn = inOrder(
  (packet) => {
    seenByServer.push(packet);
    return packet;
  },
  sync(field('data', unwrap('sealed'))),
);
const responseOut = inOrder(sync(field('response', wrap('answer'))), sync(field('err', wrap('failure'))));
const responseIn = inOrder(sync(field('response', unwrap('answer'))), sync(field('err', unwrap('failure'))));

function setupOf(change: (conversion: Conversion) => Conversion, serializersToo = true): ContractSetup {
  const changeOut = serializersToo ? change : (conversion: Conversion): Conversion => conversion;
  return {
    controllers: [SerializedController],
    settings: {
      serializer: serializer(changeOut(responseOut)),
      deserializer: deserializer(change(requestIn)),
    },
    clientSettings: {
      serializer: serializer(changeOut(requestOut)),
      deserializer: deserializer(change(responseIn)),
    },
  };
}

export function describeSerializers(transport: TransportUnderTest): void {
  afterEach(() => {
    handled.length = 0;
    seenByServer.length = 0;
  });
  const synchronous = setupOf((conversion) => conversion);
  describeConversions('serializers and deserializers', transport, synchronous);
  describeConversions('asynchronous deserializers', transport, setupOf(later, false));
  describeFailures(transport);
  if (transport.capabilities.asyncSerializers) {
    describeConversions('asynchronous serializers and deserializers', transport, setupOf(later));
    describeOrder(transport);
  }
}

function describeConversions(title: string, transport: TransportUnderTest, setup: ContractSetup): void {
  describeService(title, transport, setup, (started) => {
    const send = (pattern: string, data: unknown): Observable<unknown> =>
      started().client.send<unknown>(pattern, data);

    test('convert payloads and results, of every kind', async () => {
      for (const data of [{ a: 1 }, [5], 'text', 0, false, '']) {
        expect(await valuesOf(send('echo', data))).toEqual([data]);
      }
      expect(handled).toEqual([{ a: 1 }, [5], 'text', 0, false, '']);
    });

    test('are given the pattern and the payload as they were sent', async () => {
      await valuesOf(send('echo', 1));
      expect(seenByServer).toEqual([expect.objectContaining({ pattern: 'echo', data: { sealed: 1 } })]);
    });

    test('convert every value of an Observable', async () => {
      expect(await valuesOf(send('stream', 'first'))).toEqual(['first', 'second', { third: 3 }]);
    });

    test('convert errors', async () => {
      expect(await errorOf(send('fail', 1))).toStrictEqual({ code: 5, message: 'five' });
      expect(await errorOf(send('unknown', 1))).toBe(
        'There is no matching message handler defined in the remote service.',
      );
    });

    test('leave a missing result missing', async () => {
      expect(await valuesOf(send('nothing', 1))).toEqual([]);
    });

    test('convert the payload of an event', async () => {
      started().client.emit('event', { an: 'event' });
      await waitFor(() => handled.length > 0, 'the event');
      expect(handled).toEqual([{ an: 'event' }]);
      expect(seenByServer).toEqual([
        expect.objectContaining({ pattern: 'event', data: { sealed: { an: 'event' } } }),
      ]);
    });
  });
}

function describeFailures(transport: TransportUnderTest): void {
  const setup = {
    controllers: [SerializedController],
    settings: { deserializer: deserializer(refuse(UNREADABLE_DATA)) },
    clientSettings: { serializer: serializer(refuse(REFUSED_DATA)) },
  };
  describeService('a conversion that throws', transport, setup, (started) => {
    const failure = expect.objectContaining({ message: `${REFUSED_DATA}: conversion failed` });

    test('at the client fails that call, and no other', async () => {
      const calls = ['a', REFUSED_DATA, 'b'].map((data) => observe(started().client.send('echo', data)));
      for (const call of calls) await call.end();
      expect(calls.map((call) => call.values)).toEqual([['a'], [], ['b']]);
      expect(calls[1]?.failure?.error).toEqual(failure);
      expect(handled).toEqual(['a', 'b']);
    });

    test('at the client fails that event, and no other', async () => {
      expect(await errorOf(started().client.emit('event', REFUSED_DATA))).toEqual(failure);
      started().client.emit('event', 'a');
      await waitFor(() => handled.length > 0, 'the event');
      expect(handled).toEqual(['a']);
    });

    test('at the server leaves the other messages alone', async () => {
      const refused = observe(started().client.send('echo', UNREADABLE_DATA));
      started().client.emit('event', UNREADABLE_DATA);
      expect(await valuesOf(started().client.send('echo', 'a'))).toEqual(['a']);
      expect(handled).toEqual(['a']);
      refused.unsubscribe();
    });
  });
}

function describeOrder(transport: TransportUnderTest): void {
  describeService(
    'asynchronous conversions of unequal duration',
    transport,
    setupOf(slowFirst),
    (started) => {
      test('keep the order of calls', async () => {
        const calls = [1, 2, 3, 4, 5].map((data) => observe(started().client.send('echo', data)));
        for (const call of calls) await call.end();
        expect(handled).toEqual([1, 2, 3, 4, 5]);
        expect(calls.flatMap((call) => call.values)).toEqual([1, 2, 3, 4, 5]);
      });

      test('keep the order of events', async () => {
        for (const data of [1, 2, 3, 4, 5]) started().client.emit('event', data);
        await waitFor(() => handled.length === 5, 'the events');
        expect(handled).toEqual([1, 2, 3, 4, 5]);
      });
    },
  );

  describeService('asynchronous conversions of a stream', transport, setupOf(slowFirst), (started) => {
    test('keep the order of its values, before its end', async () => {
      expect(await valuesOf(started().client.send('stream', 1))).toEqual([1, 'second', { third: 3 }]);
    });
  });
}
