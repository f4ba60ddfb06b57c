import { afterEach, expect, test } from '@jest/globals';
import { Controller, Injectable, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ClientProxy, Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { valuesOf } from '../../support/observed.js';
import { waitFor } from '../../support/wait-for.js';
import { describeService } from './suite.js';
import type { ServerUnderTest, TransportUnderTest } from './transport-under-test.js';

/** What Nest 12 has and Nest 11 has not, in types of our own: this file compiles with both. */
interface DispatchedPacket {
  readonly pattern: unknown;
  readonly data: unknown;
  metadata?: Record<string, unknown>;
}
interface DispatchHookClient {
  setOnDispatchHook(hook: (packet: DispatchedPacket) => void): void;
}
interface MetadataContext {
  getMetadata(): unknown;
}

const handled: unknown[] = [];
const seen: string[] = [];

function hasDispatchHook(client: object): client is DispatchHookClient {
  return 'setOnDispatchHook' in client;
}

@Injectable()
class MetadataGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    seen.push(`guard ${JSON.stringify(context.switchToRpc().getContext<MetadataContext>().getMetadata())}`);
    return true;
  }
}

@Controller()
class MetadataController {
  @UseGuards(MetadataGuard)
  @MessagePattern('metadata')
  metadata(@Payload() data: unknown, @Ctx() context: MetadataContext): unknown {
    const metadata = context.getMetadata();
    return { data, metadata, isMissing: metadata === undefined };
  }

  @EventPattern<string>('event')
  event(@Payload() data: unknown, @Ctx() context: MetadataContext): void {
    handled.push({ data, metadata: context.getMetadata() });
  }
}

/** Only from Nest 12 on: the dispatch hook and the metadata that it attaches. */
export function describeMetadata(transport: TransportUnderTest): void {
  if (!hasDispatchHook(ClientProxy.prototype)) return;
  const setup = {
    controllers: [MetadataController],
    configure: (_app: unknown, server: ServerUnderTest): void => {
      server.setOnProcessingStartHook((_id, context, done) => {
        seen.push(`start hook ${JSON.stringify((context as MetadataContext).getMetadata())}`);
        return done();
      });
    },
  };
  describeService('metadata of a dispatch hook', transport, setup, (started) => {
    const hook = (attach: (packet: DispatchedPacket) => void): void => {
      const { client } = started();
      if (!hasDispatchHook(client)) throw new Error('No dispatch hook');
      client.setOnDispatchHook(attach);
    };
    afterEach(() => {
      hook(() => undefined);
      handled.length = 0;
      seen.length = 0;
    });

    test('is undefined where nobody attaches any', async () => {
      expect(await valuesOf(started().client.send('metadata', 1))).toEqual([{ data: 1, isMissing: true }]);
    });

    test('is read from the context by handlers, guards and processing hooks', async () => {
      const metadata = { traceparent: '00-1-2-01', baggage: { list: [1, null] } };
      hook((packet) => {
        packet.metadata = metadata;
      });
      expect(await valuesOf(started().client.send('metadata', [5]))).toEqual([
        { data: [5], metadata, isMissing: false },
      ]);
      const text = JSON.stringify(metadata);
      expect(seen).toEqual([`start hook ${text}`, `guard ${text}`]);
    });

    test('travels with events too', async () => {
      hook((packet) => {
        packet.metadata = { traceparent: 'of an event' };
      });
      started().client.emit('event', 'x');
      await waitFor(() => handled.length > 0, 'the event');
      expect(handled).toEqual([{ data: 'x', metadata: { traceparent: 'of an event' } }]);
    });

    test('is attached packet by packet, with the pattern and the data in view', async () => {
      hook((packet) => {
        packet.metadata = { of: packet.pattern, and: packet.data };
      });
      const answers = await Promise.all(
        [1, 2, 3].map((data) => valuesOf(started().client.send('metadata', data))),
      );
      expect(answers.flat()).toEqual(
        [1, 2, 3].map((data) => ({ data, metadata: { of: 'metadata', and: data }, isMissing: false })),
      );
    });

    test('does not reach the payload', async () => {
      hook((packet) => {
        packet.metadata = { secret: 1 };
      });
      expect(await valuesOf(started().client.send('metadata', { own: 2 }))).toStrictEqual([
        { data: { own: 2 }, metadata: { secret: 1 }, isMissing: false },
      ]);
    });
  });
}
