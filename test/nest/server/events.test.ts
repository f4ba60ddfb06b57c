import { afterEach, describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Observable, throwError } from 'rxjs';
import { Arg, JstpApplication, JstpInterface, type Connection } from '../../../lib/index.js';
import { waitFor } from '../../support/wait-for.js';
import { KeptLog, startService } from './fixture.js';

const handled: unknown[] = [];
const ends: (() => void)[] = [];

@JstpApplication('chat@1.0.0')
@JstpInterface('rooms')
@Controller()
class FirstController {
  @EventPattern<string>('typing')
  typing(@Payload() who: string): void {
    handled.push(['first', who]);
  }

  @EventPattern<string>('exact')
  exact(@Arg(0) who: string): void {
    handled.push(who);
  }

  @EventPattern<string>('both')
  both(): void {
    handled.push('event');
  }

  @MessagePattern('both')
  bothToo(): string {
    handled.push('method');
    return 'of the method';
  }

  @MessagePattern('method')
  method(): Observable<never> {
    handled.push('method');
    return throwError(() => new Error('nobody is told'));
  }

  @EventPattern<string>('generator')
  async *generator(): AsyncGenerator<number> {
    handled.push('a');
    yield 1;
    handled.push('b');
  }

  @EventPattern<string>('slow')
  slow(): Promise<void> {
    return new Promise((resolve) => ends.push(resolve));
  }

  @EventPattern<string>('observed')
  observed(): Observable<never> {
    return new Observable((subscriber) => {
      ends.push(() => {
        subscriber.complete();
      });
    });
  }

  @EventPattern<string>('answers')
  answers(): string {
    return 'of the event';
  }
}

@JstpApplication('chat@1.0.0')
@Controller()
class SecondController {
  @EventPattern<string>('rooms.typing')
  typing(@Payload() who: string): void {
    handled.push(['second', who]);
  }
}

const setup = { controllers: [FirstController, SecondController] };

afterEach(() => {
  handled.length = 0;
  ends.length = 0;
});

/** Emits, and waits until the service has come past it. */
async function emit(connection: Connection, event: string, ...args: unknown[]): Promise<void> {
  connection.emitRemoteEvent('rooms', event, args);
  await connection.ping();
}

describe('events', () => {
  test('reach all their handlers, of all controllers, once', async () => {
    const connection = await (await startService(setup)).connect('chat');
    await emit(connection, 'typing', 'anna');
    await waitFor(() => handled.length >= 2, 'the handlers');
    expect(handled).toEqual([
      ['first', 'anna'],
      ['second', 'anna'],
    ]);
  });

  test('go to the event where there is a method of that name, and calls to the method', async () => {
    const connection = await (await startService(setup)).connect('chat');
    await emit(connection, 'both');
    expect(await connection.callMethod('rooms', 'both', [])).toBe('of the method');
    expect(handled).toEqual(['event', 'method']);
  });

  test('go to the method where there is no event, and its error to nobody', async () => {
    const connection = await (await startService(setup)).connect('chat');
    await emit(connection, 'method');
    await waitFor(() => handled.length > 0, 'the handler');
    expect(await connection.callMethod('rooms', 'answers', [])).toBe('of the event');
  });

  test.each([['plainly'], ['between hooks'], ['behind a deserializer']])(
    'beyond limits.maxCallsInFlight wait until those before have ended (%s)',
    async (how) => {
      const service = await startService({
        ...setup,
        options: {
          limits: { maxCallsInFlight: 2 },
          ...(how === 'behind a deserializer' && {
            deserializer: { deserialize: (packet: unknown) => Promise.resolve(packet) as never },
          }),
        },
        configure: (_app, server) => {
          if (how !== 'between hooks') return;
          server.setOnProcessingStartHook((_id, _context, done) => done());
        },
      });
      const connection = await service.connect('chat');
      for (let n = 0; n < 6; n += 1) connection.emitRemoteEvent('rooms', n % 2 ? 'observed' : 'slow', []);
      await waitFor(() => ends.length === 2, 'as many events as may be in service');
      await (await service.connect('chat')).ping();
      expect(ends).toHaveLength(2);
      for (let n = 0; n < 6; n += 1) {
        await waitFor(() => ends.length > n, `event ${String(n + 1)}`);
        ends[n]?.();
      }
      await connection.ping();
    },
  );

  test('that a hook drops do not count', async () => {
    const service = await startService({
      ...setup,
      options: { limits: { maxCallsInFlight: 2 } },
      configure: (_app, server) => {
        server.setOnProcessingStartHook(async () => Promise.resolve());
      },
    });
    const connection = await service.connect('chat');
    for (let n = 0; n < 6; n += 1) connection.emitRemoteEvent('rooms', 'slow', []);
    await connection.ping();
    expect(ends).toEqual([]);
  });

  test('run the generator of a handler to its end', async () => {
    const connection = await (await startService(setup)).connect('chat');
    await emit(connection, 'generator');
    await waitFor(() => handled.length === 2, 'the end of the generator');
    expect(handled).toEqual(['a', 'b']);
  });

  test('without a handler are logged with Nest’s text, cut where the name is long', async () => {
    const log = new KeptLog();
    const connection = await (await startService({ ...setup, logger: log })).connect('chat');
    await emit(connection, 'none');
    await emit(connection, 'x'.repeat(256));
    const text = 'There is no matching event handler defined in the remote service. Event pattern: rooms.';
    expect(log.errors).toEqual([`${text}none`, `${text}${'x'.repeat(194)}...`]);
  });

  test.each([
    ['without a handler', (count: number) => [`none${count}`]],
    ['with arguments that no handler takes', () => ['exact', 1, 2, 3]],
  ] as const)(
    '%s are logged ten times a minute at most, as a peer may send any number',
    async (_what, made) => {
      const log = new KeptLog();
      const connection = await (await startService({ ...setup, logger: log })).connect('chat');
      for (let count = 1; count <= 30; count++) {
        const [name, ...args] = made(count);
        connection.emitRemoteEvent('rooms', String(name), args);
      }
      await connection.callMethod('rooms', 'none', []).catch(() => undefined);
      expect(log.errors).toHaveLength(10);
    },
  );

  test('of a handler that was added by hand and throws are logged', async () => {
    const log = new KeptLog();
    const service = await startService({ ...setup, logger: log });
    const error = new Error('by hand');
    service.server.addHandler('rooms.by hand', () => Promise.reject(error), true);
    const connection = await service.connect('jstp');
    await emit(connection, 'by hand');
    await waitFor(() => log.errors.length > 0, 'the log');
    expect(log.errors).toEqual([error]);
  });
});
