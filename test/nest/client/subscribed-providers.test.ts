import { describe, expect, test } from '@jest/globals';
import { Controller, Injectable, type OnModuleInit } from '@nestjs/common';
import { MessagePattern, Payload, RpcException, Ctx } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import type { Server as CoreServer } from '../../../lib/core.js';
import { Arg, JstpClient, JstpClientModule, JstpContext, JstpSubscribe } from '../../../lib/index.js';
import { LOOPBACK } from '../../support/ports.js';
import { turns } from '../../support/quiet.js';
import { watchProcess } from '../../support/real-process.js';
import { waitFor, within } from '../../support/wait-for.js';
import { KeptLog, startService } from '../server/fixture.js';
import { at, connectionOf, Pair, startClient } from './provider-pair.js';

describe('@JstpSubscribe', () => {
  test('runs methods for events, with what handlers get, from the start of the application to its end', async () => {
    const got: unknown[] = [];
    @Injectable()
    class News {
      @JstpSubscribe('news', 'published')
      @JstpSubscribe('news', 'edited')
      on(@Payload() text: unknown, @Ctx() context: JstpContext): void {
        got.push([context.getPattern(), text, context.getMetadata()]);
      }

      @JstpSubscribe('news', 'published')
      async *other(@Arg(0) text: string): AsyncGenerator<number> {
        await Promise.resolve();
        got.push(`other ${text}`);
        yield 1;
        got.push(`run to its end ${text}`);
      }
    }
    const pair = await Pair.start({ providers: [News] });
    await pair.emit('news.published', ['hello'], { by: 'ann' });
    await waitFor(() => got.length === 3, 'the event');
    await pair.emit('news.edited', ['a', 'b']);
    await waitFor(() => got.length === 4, 'the next event');
    expect(got).toEqual([
      ['news.published', 'hello', { by: 'ann' }],
      'other hello',
      'run to its end hello',
      ['news.edited', ['a', 'b'], undefined],
    ]);
  });

  test('takes wildcards for the events of an interface, and counts them under the pattern', async () => {
    const got: unknown[] = [];
    @Injectable()
    class News {
      @JstpSubscribe('news', '*')
      any(@Payload() text: unknown, @Ctx() context: JstpContext): void {
        got.push([context.getPattern(), context.getMethod(), text]);
      }

      @JstpSubscribe('news', 'published')
      exact(text: unknown): void {
        got.push(['exact', text]);
      }
    }
    const pair = await Pair.start({ providers: [News] }, { metrics: true });
    await pair.emit('news.published', [1]);
    await pair.emit('news.edited', [2]);
    await pair.emit('weather.edited', [3]);
    await waitFor(() => got.length === 3, 'the events');
    expect(got).toEqual([
      ['exact', 1],
      ['news.*', 'published', 1],
      ['news.*', 'edited', 2],
    ]);
    const { handled } = pair.client.getMetrics();
    expect(handled.map((one) => `${one.interface}.${one.method} ${one.count}`)).toEqual([
      'news.published 1',
      'news.* 1',
      '_OTHER._OTHER 1',
    ]);
    expect(() => JstpSubscribe('news', '>.edited')).toThrow("@JstpSubscribe must be a pattern with '>'");
  });

  test('gets no event any more once the application shuts down, while calls under way end', async () => {
    const got: unknown[] = [];
    let answer: (value: string) => void = () => undefined;
    @Injectable()
    class News {
      @JstpSubscribe('news', 'published')
      on(text: unknown): void {
        got.push(text);
      }
    }
    @Controller()
    class Slow {
      @MessagePattern('slow')
      wait(): Promise<string> {
        return new Promise((resolve) => {
          answer = resolve;
        });
      }
    }
    const pair = await Pair.start({ providers: [News] }, {}, { controllers: [Slow] });
    await pair.emit('news.published', ['before']);
    const call = pair.client.call('default', 'slow');
    await within(pair.client.unwrap().ping(), 'a pong');
    const closed = pair.app.close();
    await turns();
    await pair.emit('news.published', ['after']);
    answer('done');
    expect(await within(call, 'the answer')).toBe('done');
    await within(closed, 'the end of the application');
    expect(got).toEqual(['before']);
  });

  test('connects by itself when the application has started, and gets no event before', async () => {
    const got: unknown[] = [];
    const steps: string[] = [];
    @Injectable()
    class News implements OnModuleInit {
      onModuleInit(): void {
        steps.push('init');
      }

      onApplicationBootstrap(): void {
        steps.push('bootstrap');
      }

      @JstpSubscribe('news', 'published')
      on(text: unknown): void {
        got.push(text);
      }
    }
    const earlier = await startService({});
    const { port } = earlier;
    await within(earlier.app.close(), 'the end of the server');
    const reconnect = { minDelayMs: 5, maxDelayMs: 5 };
    const app = await startClient({
      imports: [JstpClientModule.register({ host: LOOPBACK, port, reconnect })],
      providers: [News],
    });
    expect(steps).toEqual(['init', 'bootstrap']);
    // Another subscriber that leaves changes nothing for this one.
    app.get(JstpClient, { strict: false }).fromEvent('news', 'edited').subscribe().unsubscribe();
    const service = await startService({ options: { port } });
    await waitFor(() => service.server.unwrap<CoreServer>().getClientsArray().length === 1, 'the client');
    service.server.broadcast('news', 'published', 'first');
    await waitFor(() => got.length === 1, 'the event');
    expect(app.get(JstpClient, { strict: false }).unwrap().handshakeDone).toBe(true);
  });

  test('goes on after a lost session', async () => {
    const got: unknown[] = [];
    @Injectable()
    class News {
      @JstpSubscribe('news', 'published')
      on(text: unknown): void {
        got.push(text);
      }
    }
    const pair = await Pair.start({ providers: [News] });
    const { port } = pair.service;
    let isLost = false;
    pair.client.on('sessionLost', () => {
      isLost = true;
    });
    await within(pair.service.app.close(), 'the end of the server');
    const next = await startService({ options: { port } });
    await waitFor(() => next.server.unwrap<CoreServer>().getClientsArray().length === 1, 'the return');
    next.server.broadcast('news', 'published', 'after');
    await waitFor(() => got.length === 1, 'the event');
    expect([got, isLost]).toEqual([['after'], true]);
  });

  test('reports what a subscriber throws, once, and goes on', async () => {
    const log = new KeptLog();
    const watch = watchProcess();
    let runs = 0;
    @Injectable()
    class News {
      @JstpSubscribe('news', 'sync')
      sync(): void {
        runs += 1;
        throw new Error('sync');
      }

      @JstpSubscribe('news', 'late')
      async late(): Promise<void> {
        await Promise.resolve();
        runs += 1;
        throw new Error('late');
      }

      @JstpSubscribe('news', 'observable')
      observable(): Observable<never> {
        runs += 1;
        return throwError(() => new RpcException('observable'));
      }

      @JstpSubscribe('news', 'arguments')
      positional(@Arg(0) _text: string): void {
        runs += 1;
      }
    }
    const service = await startService({});
    const imports = [JstpClientModule.register({ ...at(service), connectOnInit: true })];
    await startClient({ imports, providers: [News] }, log);
    const connection = connectionOf(service);
    for (const event of ['sync', 'late', 'observable', 'arguments', 'sync'])
      connection.emitRemoteEvent('news', event, []);
    await within(connection.ping(), 'a pong');
    await waitFor(() => runs === 4 && log.errors.length >= 5, 'the errors');
    const texts = log.errors.map((error) => (error instanceof Error ? error.message : String(error)));
    expect(texts.sort()).toEqual(
      ['late', 'observable', 'sync', 'sync', expect.stringContaining('its handler takes 1')].sort(),
    );
    expect(watch.failures).toEqual([]);
    watch.stop();
  });
});
