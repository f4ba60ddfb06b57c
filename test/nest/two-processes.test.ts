import { afterEach, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { z } from 'zod';
import { Arg, JstpClient, JstpContext, JstpRecordBuilder } from '../../lib/index.js';
import { bundleProgram, startProgram } from '../support/bundled-program.js';
import { Closing } from '../support/closing.js';
import { errorOf } from '../support/observed.js';
import { LOOPBACK } from '../support/ports.js';
import { waitFor } from '../support/wait-for.js';
import { atEnd, startService } from './server/fixture.js';

const closing = new Closing();
const signals: AbortSignal[] = [];
const heard: unknown[] = [];

afterEach(() => closing.run());

@Controller()
class EndController {
  @MessagePattern('end.seen')
  seen(@Payload() data: unknown, @Ctx() context: JstpContext): unknown {
    context.setReplyMetadata({ cost: 3 });
    return { data, metadata: context.getMetadata(), remainingMs: context.getRemainingMs() };
  }

  @MessagePattern('end.wait')
  wait(@Ctx() context: JstpContext): Promise<void> {
    const signal = context.getSignal();
    signals.push(signal);
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve());
    });
  }

  @MessagePattern('end.age')
  age(@Arg(0, { schema: z.object({ age: z.number() }) }) person: object): object {
    return person;
  }

  @EventPattern<string>('heard.>')
  heard(@Payload() data: unknown, @Ctx() context: JstpContext): void {
    heard.push([context.getPattern(), context.getInterface(), context.getMethod(), data]);
  }
}

test('metadata, what is left of a deadline, events and issues go through a second process, and back', async () => {
  const { port } = await startService({
    controllers: [EndController],
    options: { validationErrors: 'issues' },
  });
  const program = await bundleProgram({ file: 'test/nest/relay-program.ts' }, closing);
  const child = startProgram(program, [String(port)], closing);
  const ports: unknown[] = [];
  child.on('message', (message) => ports.push(message));
  await waitFor(() => ports.length > 0, 'the second process');
  const client = new JstpClient({ host: LOOPBACK, port: ports[0] as number });
  atEnd(() => client.close());

  const replies: unknown[] = [];
  const record = new JstpRecordBuilder('end.seen')
    .setMetadata({ tenant: 'acme' })
    .setTimeout(60_000)
    .onReplyMetadata((metadata) => replies.push(metadata))
    .build();
  const seen = await firstValueFrom(
    client.send<{ metadata: { tenant: string; timeout: number }; remainingMs: number }>('relay.call', record),
  );
  expect(seen).toMatchObject({ data: 'end.seen', metadata: { tenant: 'acme' } });
  expect(seen.metadata.timeout).toBeLessThanOrEqual(60_000);
  expect(seen.metadata.timeout).toBeGreaterThan(0);
  expect(seen.remainingMs).toBeLessThanOrEqual(seen.metadata.timeout);
  expect(replies).toEqual([{ relayed: { cost: 3 } }]);

  const person = { age: 'seven' };
  expect(await firstValueFrom(client.send('relay.fail', ['heard.in.passing', 'end.age', person]))).toEqual({
    isRemote: true,
    code: 400,
    info: [{ path: [0, 'age'], message: expect.any(String) }],
  });
  expect(heard).toEqual([['heard.>', 'heard.in', 'passing', person]]);

  // The end of the first call is the end of the second one, in the other process.
  const short = new JstpRecordBuilder('end.wait').setTimeout(500).build();
  expect(await errorOf(client.send('relay.call', short))).toMatchObject({ code: -7 });
  await waitFor(() => signals[0]?.aborted, 'the signal of the last handler');
});
