import { afterEach, describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import { JstpApplication, JstpInterface, type Connection } from '../../../lib/index.js';
import { waitFor } from '../../support/wait-for.js';
import { KeptLog, startService } from './fixture.js';

const handled: unknown[] = [];

@JstpApplication('chat@1.0.0')
@JstpInterface('rooms')
@Controller()
class FirstController {
  @EventPattern<string>('typing')
  public typing(@Payload() who: string): void {
    handled.push(['first', who]);
  }

  @EventPattern<string>('both')
  public both(): void {
    handled.push('event');
  }

  @MessagePattern('both')
  public bothToo(): string {
    handled.push('method');
    return 'of the method';
  }

  @MessagePattern('method')
  public method(): Observable<never> {
    handled.push('method');
    return throwError(() => new Error('nobody is told'));
  }

  @EventPattern<string>('generator')
  public async *generator(): AsyncGenerator<number> {
    handled.push('a');
    yield 1;
    handled.push('b');
  }

  @EventPattern<string>('answers')
  public answers(): string {
    return 'of the event';
  }
}

@JstpApplication('chat@1.0.0')
@Controller()
class SecondController {
  @EventPattern<string>('rooms.typing')
  public typing(@Payload() who: string): void {
    handled.push(['second', who]);
  }
}

const setup = { controllers: [FirstController, SecondController] };

afterEach(() => {
  handled.length = 0;
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
    await emit(connection, 'x'.repeat(1000));
    const text = 'There is no matching event handler defined in the remote service. Event pattern: rooms.';
    expect(log.errors).toEqual([`${text}none`, `${text}${'x'.repeat(194)}...`]);
  });

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
