import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern } from '@nestjs/microservices';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { JstpClient, type JstpContext } from '../../../lib/index.js';
import { LOOPBACK } from '../../support/ports.js';
import { takesTime } from '../../support/quiet.js';
import { waitFor } from '../../support/wait-for.js';
import { atEnd, startService } from '../server/fixture.js';

const who = new AsyncLocalStorage<string>();
const seen = new Map<string, unknown>();

afterEach(() => {
  seen.clear();
});

function note(what: string): void {
  seen.set(what, who.getStore());
}

@Controller()
class NotingController {
  @MessagePattern('stream')
  stream(): Observable<number> {
    note('handler');
    return from([1, 2]);
  }

  @MessagePattern('ask')
  async ask(@Ctx() context: JstpContext): Promise<unknown> {
    const answer: unknown = await who.run('asking', async () => {
      const got: unknown = await context.getClient().call('side', 'method');
      note('handler after its own call');
      return got;
    });
    context.getClient().emit('side', 'told');
    return answer;
  }

  @EventPattern<string>('happened')
  happened(): void {
    note('event handler');
  }
}

const setup = { controllers: [NotingController] };

test('each caller and subscriber of a client keeps its own context, whoever has connected', async () => {
  const service = await who.run('starter', () => startService(setup));
  const client = new JstpClient({ host: LOOPBACK, port: service.port });
  atEnd(() => client.close());
  client.expose({
    side: {
      method: async () => {
        note('exposed method');
        await takesTime(1);
        return 'answer';
      },
    },
  });
  await who.run('connector', () => client.connect());
  who.run('subscriber', () => {
    client.fromEvent('side', 'told').subscribe(() => {
      note('told');
    });
  });
  who.run('caller', () => {
    client.send('stream', 0).subscribe({
      next: () => {
        note('next');
      },
      complete: () => {
        note('complete');
      },
    });
  });
  expect(await who.run('asker', () => lastValueFrom(client.send('ask', 0)))).toBe('answer');
  who.run('emitter', () => client.emit('happened', 0));
  await waitFor(() => seen.size === 7, 'all of it');
  expect(Object.fromEntries(seen)).toEqual({
    handler: undefined,
    next: 'caller',
    complete: 'caller',
    'exposed method': undefined,
    'handler after its own call': 'asking',
    told: 'subscriber',
    'event handler': undefined,
  });
});

test('a call that has to connect first is answered in the context of its subscriber', async () => {
  const service = await startService(setup);
  const client = new JstpClient({ host: LOOPBACK, port: service.port });
  atEnd(() => client.close());
  for (const name of ['first', 'second']) {
    who.run(name, () => {
      client.send('stream', 0).subscribe(() => {
        note(name);
      });
    });
  }
  await waitFor(() => seen.size === 3, 'the answers');
  expect(Object.fromEntries(seen)).toEqual({ handler: undefined, first: 'first', second: 'second' });
});

test('a call that fails, and one that a deserializer reads later, are told in the context of their subscribers', async () => {
  const service = await startService(setup);
  const deserializer = { deserialize: async (packet: unknown) => takesTime(1, packet) as never };
  for (const [name, options] of [
    ['plain', {}],
    ['converted', { deserializer }],
  ] as const) {
    const client = new JstpClient({ host: LOOPBACK, port: service.port, ...options });
    atEnd(() => client.close());
    await who.run('connector', () => client.connect());
    who.run(name, () => {
      client.send('none', 0).subscribe({
        error: () => {
          note(name);
        },
      });
    });
  }
  await waitFor(() => seen.size === 2, 'the errors');
  expect(Object.fromEntries(seen)).toEqual({ plain: 'plain', converted: 'converted' });
});
