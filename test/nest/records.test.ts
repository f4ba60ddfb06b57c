import { describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { from, type Observable } from 'rxjs';
import {
  Application,
  JstpArgs,
  JstpClient,
  JstpContext,
  JstpRecord,
  JstpRecordBuilder,
  withCall,
  type CallInfo,
  type Connection,
  type JstpClientOptions,
} from '../../lib/index.js';
import { errorOf, valuesOf } from '../support/observed.js';
import { LOOPBACK } from '../support/ports.js';
import { isNest12 } from '../support/nest-app.js';
import { waitFor } from '../support/wait-for.js';
import { atEnd, startService, type Service } from './server/fixture.js';

type Metadata = Record<string, unknown>;
const events: unknown[] = [];

@Controller()
class RecordsController {
  @MessagePattern('seen')
  seen(@Payload() data: unknown, @Ctx() context: JstpContext): unknown {
    context.setReplyMetadata({ cost: 3 });
    return { data, metadata: context.getMetadata() };
  }

  @MessagePattern('fails')
  fails(@Ctx() context: JstpContext): never {
    context.setReplyMetadata({ cost: 1 });
    throw new RpcException('no');
  }

  @MessagePattern('rows')
  rows(@Ctx() context: JstpContext): Observable<number> {
    context.setReplyMetadata({ rows: 2 });
    return from([1, 2]);
  }

  @MessagePattern('tooMuch')
  tooMuch(@Ctx() context: JstpContext): unknown {
    try {
      context.setReplyMetadata({ text: 'x'.repeat(9000) });
      return undefined;
    } catch (error) {
      return (error as { code: unknown }).code;
    }
  }

  @EventPattern<string>('happened')
  happened(@Payload() data: unknown, @Ctx() context: JstpContext): void {
    context.setReplyMetadata({ nobody: 'gets it' });
    events.push({ data, metadata: context.getMetadata() });
  }

  @MessagePattern('back')
  async back(@Payload() iface: string, @Ctx() context: JstpContext): Promise<unknown> {
    let reply: Metadata | undefined;
    const record = new JstpRecordBuilder(JstpArgs.of(2, 3))
      .setMetadata({ of: 'the server' })
      .onReplyMetadata((metadata) => {
        reply = metadata;
      })
      .build();
    const client = context.getClient();
    const event = new JstpRecord('news', { metadata: { of: 'the event' } });
    client.emit(iface, 'shown', event);
    return [await client.call(iface, 'area', record), reply];
  }
}

let service: Service;

async function start(options: JstpClientOptions = {}): Promise<JstpClient> {
  service = await startService({ controllers: [RecordsController] });
  const client = new JstpClient({ host: LOOPBACK, port: service.port, ...options });
  atEnd(() => client.close());
  return client;
}

const metadata = { locale: 'de' };

describe('a record', () => {
  test('carries metadata to the handler of a call, and of an event', async () => {
    events.length = 0;
    const client = await start();
    const record = new JstpRecordBuilder('a').setMetadata(metadata).build();
    expect(await valuesOf(client.send('seen', record))).toEqual([{ data: 'a', metadata }]);
    expect(await client.call('default', 'seen', record)).toEqual({ data: 'a', metadata });
    client.emit('happened', record);
    await waitFor(() => events.length === 1, 'the event');
    expect(events).toEqual([{ data: 'a', metadata }]);
  });

  test('has no arguments, one or several', async () => {
    const client = await start();
    const seen = (builder: JstpRecordBuilder): Promise<readonly unknown[]> =>
      valuesOf(client.send('seen', builder.build()));
    expect(await seen(new JstpRecordBuilder())).toEqual([{}]);
    expect(await seen(new JstpRecordBuilder().setData(JstpArgs.of(1, 2)))).toEqual([{ data: [1, 2] }]);
    expect(await seen(new JstpRecordBuilder<unknown>([5]))).toEqual([{ data: [5] }]);
  });

  test('listens for the metadata of an answer, of an error, and of a stream', async () => {
    const client = await start();
    const heard: unknown[] = [];
    const record = new JstpRecordBuilder('a').onReplyMetadata((reply) => heard.push(reply)).build();
    await valuesOf(client.send('seen', record));
    expect(await errorOf(client.send('fails', record))).toMatchObject({ message: 'no' });
    expect(await valuesOf(client.send('rows', record))).toEqual([1, 2]);
    expect(heard).toEqual([{ cost: 3 }, { cost: 1 }, { rows: 2 }]);
    expect(await valuesOf(client.send('tooMuch', record))).toEqual(['ERR_JSTP_METADATA_TOO_LARGE']);
    expect(heard).toHaveLength(3);
  });

  test('with too much metadata fails before anything is sent, and the client goes on', async () => {
    const client = await start();
    const record = new JstpRecordBuilder('a').setMetadata({ text: 'x'.repeat(9000) }).build();
    const code = 'ERR_JSTP_METADATA_TOO_LARGE';
    expect(await errorOf(client.send('seen', record))).toMatchObject({ code });
    expect(await errorOf(client.emit('happened', record))).toMatchObject({ code });
    expect(await valuesOf(client.send('seen', 1))).toEqual([{ data: 1 }]);
  });

  test('is built of what is allowed alone', () => {
    const builder = new JstpRecordBuilder();
    expect(() => builder.setMetadata('text' as unknown as Metadata)).toThrow('metadata must be an object');
    expect(() => builder.onReplyMetadata(1 as never)).toThrow('onReplyMetadata must be a function');
  });

  test('shows its data and its metadata to a serializer, which may change both', async () => {
    const given: unknown[] = [];
    const client = await start({
      serializer: {
        serialize: (packet: { data: string; metadata: Metadata }) => {
          given.push(packet.data, packet.metadata);
          return { ...packet, data: `${packet.data}!`, metadata: { ...packet.metadata, more: 1 } };
        },
      },
    });
    const record = new JstpRecordBuilder('a').setMetadata(metadata).build();
    expect(await valuesOf(client.send('seen', record))).toEqual([
      { data: 'a!', metadata: { ...metadata, more: 1 } },
    ]);
    expect(given).toEqual(['a', metadata]);
  });

  (isNest12 ? test : test.skip)('says more than the dispatch hook, about the same names', async () => {
    const client = await start();
    client.setOnDispatchHook((packet) => {
      packet.metadata = { locale: 'en', trace: '7f' };
    });
    const record = new JstpRecordBuilder('a').setMetadata(metadata).build();
    expect(await valuesOf(client.send('seen', record))).toEqual([
      { data: 'a', metadata: { locale: 'de', trace: '7f' } },
    ]);
  });
});

describe('a proxy with options', () => {
  test('sends them with each of its calls', async () => {
    const client = await start();
    const proxy = client.proxy<{ seen(a: string): unknown }>('default', { metadata });
    expect(await proxy.seen('a')).toEqual({ data: 'a', metadata });
    expect(await proxy.seen('b')).toEqual({ data: 'b', metadata });
  });
});

describe('what a client exposes', () => {
  test('gets the metadata of the server’s call, and sets that of its answer', async () => {
    const client = await start();
    const seen: unknown[] = [];
    client.expose({
      screen: {
        area: withCall((call: CallInfo, width: number, height: number) => {
          seen.push(call.interfaceName, call.methodName, call.metadata);
          call.setReplyMetadata({ unit: 'px' });
          return width * height;
        }),
      },
    });
    expect(await valuesOf(client.send('back', 'screen'))).toEqual([[6, { unit: 'px' }]]);
    expect(seen).toEqual(['screen', 'area', { of: 'the server' }]);
  });

  test('may be an application of the core, whose handlers of events see metadata, too', async () => {
    const client = await start();
    const seen: unknown[] = [];
    client.expose(
      new Application<Connection>(
        'side',
        { screen: { area: withCall(async (call, a: number, b: number) => [call.metadata, a, b].length) } },
        { screen: { shown: withCall((call, what: string) => seen.push(what, call.metadata)) } },
      ),
    );
    expect(await valuesOf(client.send('back', 'screen'))).toEqual([[3, undefined]]);
    expect(seen).toEqual(['news', { of: 'the event' }]);
  });

  test('sees the metadata of what the server sends to all', async () => {
    const client = await start();
    const seen: unknown[] = [];
    const said = withCall((call, what: string) => seen.push(what, call.metadata));
    client.expose(new Application<Connection>('side', {}, { news: { said } }));
    await client.connect();
    service.server.broadcast('news', 'said', new JstpRecordBuilder('hi').setMetadata(metadata).build());
    service.server.broadcast('news', 'said', 'bye');
    await waitFor(() => seen.length === 4, 'both events');
    expect(seen).toEqual(['hi', metadata, 'bye', undefined]);
  });
});
