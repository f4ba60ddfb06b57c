import { afterEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { firstValueFrom } from 'rxjs';
import { JstpClient, type Presence } from '../../lib/index.js';
import { createFaultProxy } from '../../lib/testing/index.js';
import { bundleProgram, startProgram } from '../support/bundled-program.js';
import { Closing } from '../support/closing.js';
import { LOOPBACK } from '../support/ports.js';
import { waitFor, within } from '../support/wait-for.js';
import { RedisServer } from './redis-server.js';

const closing = new Closing();
afterEach(() => closing.run());

test('a member of a room hears all that is said, once and in order, while its server is closed', async () => {
  const redis = await RedisServer.start(closing);
  const program = await bundleProgram({ file: 'test/redis/rooms-program.ts' }, closing);
  const start = async () => {
    const child = startProgram(program, [String(redis.port)], closing);
    const [port] = (await within(once(child, 'message'), 'a server')) as [number];
    return { child, port };
  };
  const [first, second] = await Promise.all([start(), start()]);
  // Where the balancer sends who comes.
  const balanced = { port: first.port };
  const balancer = await createFaultProxy(balanced);
  closing.add(() => balancer.close());
  const connect = async (login: string, port: number): Promise<JstpClient> => {
    const client = new JstpClient({ host: LOOPBACK, port, login, password: 'x', resumeTimeoutMs: 20_000 });
    await within(client.connect(), 'a client');
    closing.add(() => client.close());
    return client;
  };
  const ann = await connect('ann', balancer.port);
  const bob = await connect('bob', second.port);
  const call = <T>(client: JstpClient, pattern: string, data: unknown): Promise<T> =>
    within(firstValueFrom(client.send<T>(pattern, data)), pattern);
  const heard: unknown[] = [];
  ann.fromEvent<number>('chat', 'said').subscribe((number) => heard.push(number));
  for (const client of [ann, bob]) expect(await call(client, 'chat.enter', 'kitchen')).toBe(true);

  balanced.port = second.port;
  let said = 0;
  first.child.kill('SIGTERM');
  // Until ann's server has gone, and some more.
  for (let more = 20; more > 0; more -= first.child.exitCode === null ? 0 : 1)
    await call(bob, 'chat.say', (said += 1));
  await waitFor(() => heard.length >= said, 'all that was said');
  expect(heard).toEqual(Array.from({ length: said }, (_, index) => index + 1));
  const presence = await call<Presence>(ann, 'chat.who', 'kitchen');
  expect([[...presence.users].sort(), presence.isComplete]).toEqual([['ann', 'bob'], true]);
  expect(await call(ann, 'chat.enter', 'kitchen')).toBe(false);
});
