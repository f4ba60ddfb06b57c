import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { JstpClient } from '../../lib/index.js';
import { bundleProgram, startProgram } from '../support/bundled-program.js';
import { Closing } from '../support/closing.js';
import { LOOPBACK } from '../support/ports.js';
import { within } from '../support/wait-for.js';

Logger.overrideLogger(false);

const closing = new Closing();
afterEach(() => closing.run());

const SERVER = `
import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { Registry } from 'prom-client';
import { Application, JstpServer } from './lib/index.js';
import { registerMetrics } from './lib/metrics/index.js';

Logger.overrideLogger(false);
const join = (_connection, room, callback) => callback(null, room);
const applications = [new Application('chat@2.0.0', { rooms: { join } })];
const server = new JstpServer({ host: '${LOOPBACK}', port: 0, applications, metrics: true });
const registry = new Registry();
registerMetrics(registry, { chat: server });
server.listen(() => process.send(server.unwrap().address().port));
process.on('message', async () => process.send(await registry.metrics()));
`;

test('a server and its client in another process count the same calls and bytes', async () => {
  const server = startProgram(await bundleProgram({ text: SERVER }, closing), [], closing);
  const told = async () => (await within(once(server, 'message'), 'a word of the server'))[0] as unknown;
  const client = new JstpClient({
    app: 'chat',
    host: LOOPBACK,
    port: (await told()) as number,
    metrics: true,
  });
  closing.add(() => client.close());
  for (let count = 0; count < 20; count += 1) await client.call('rooms', 'join', 'lobby');
  await client.call('rooms', 'leave', 'lobby').catch(() => undefined);
  const { called, bytes } = client.getMetrics();
  expect(called.map(({ method, outcome, duration }) => [method, outcome, duration.count])).toEqual([
    ['join', 'ok', 20],
    ['leave', '14', 1],
  ]);
  server.send('scrape');
  const text = String(await told());
  const value = (start: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(start))
        ?.split(' ')
        .at(-1),
    );
  const labels = 'jstp_name="chat",rpc_system_name="jstp"';
  expect(value(`rpc_server_call_duration_seconds_count{${labels},rpc_method="rooms/join"`)).toBe(20);
  expect(value(`rpc_server_call_duration_seconds_count{${labels},rpc_method="_OTHER"`)).toBe(1);
  expect(value('jstp_server_received_bytes_total')).toBe(bytes.sent);
});
