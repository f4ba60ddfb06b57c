import { beforeEach, describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { finalize, interval, map, type Observable } from 'rxjs';
import { JstpClient } from '../../../lib/index.js';
import { RedisSessionStorageProvider } from '../../../lib/redis/index.js';
import { createFaultProxy } from '../../../lib/testing/index.js';
import { RedisServer } from '../../redis/redis-server.js';
import { Closing } from '../../support/closing.js';
import { LOOPBACK } from '../../support/ports.js';
import { takesTime } from '../../support/quiet.js';
import { waitFor, within } from '../../support/wait-for.js';
import { atEnd, startService, type Service } from './fixture.js';

const ends = { count: 0 };
beforeEach(() => {
  ends.count = 0;
});

@Controller()
class Ticks {
  @MessagePattern('ticks.observable')
  observable(start: number): Observable<number> {
    return interval(5).pipe(
      map((n) => start + n),
      finalize(() => (ends.count += 1)),
    );
  }

  @MessagePattern('ticks.generator')
  async *generator(start: number): AsyncGenerator<number> {
    try {
      for (let n = start; ; n++) {
        await takesTime(5);
        yield n;
      }
    } finally {
      ends.count += 1;
    }
  }
}

describe.each(['observable', 'generator'])('the endless %s of a handler, when its server closes', (kind) => {
  test.each([
    ['end', 1],
    ['move', 2],
  ] as const)('by drainStreams: %s', async (drainStreams, runs) => {
    const closing = new Closing();
    atEnd(() => closing.run());
    const redis = await RedisServer.start(closing);
    const services: Service[] = [];
    for (let count = 0; count < 2; count++) {
      const connection = await redis.nodeRedis();
      const sessionStorageProvider = new RedisSessionStorageProvider(connection.redis);
      const options = { sessionStorageProvider, drainStreams, limits: { drainTimeoutMs: 60_000 } };
      services.push(await startService({ controllers: [Ticks], options }));
    }
    let next = services[0].port;
    const balancer = await createFaultProxy({
      get port() {
        return next;
      },
    });
    closing.add(() => balancer.close());
    const client = new JstpClient({ host: LOOPBACK, port: balancer.port });
    closing.add(() => client.close());
    const values: number[] = [];
    let failure: unknown;
    const subscription = client.send<number, number>(`ticks.${kind}`, 100).subscribe({
      next: (value) => values.push(value),
      error: (error: unknown) => (failure = error),
    });
    await waitFor(() => values.length > 3, 'some values');
    next = services[1].port;
    await within(services[0].app.close(), 'the close');
    await waitFor(() => ends.count === 1, 'the end of what the handler made');
    if (drainStreams === 'end') {
      await waitFor(() => failure !== undefined, 'the end of the stream');
      expect(failure).toMatchObject({ code: -11 });
    } else {
      await waitFor(() => values.lastIndexOf(100) > 0 && values.at(-1) !== 100, 'values of the next server');
      expect(failure).toBeUndefined();
    }
    subscription.unsubscribe();
    await waitFor(() => ends.count === runs, 'the end of all handlers');
  });
});
