/**
 * `npm run bench:metrics`: what the option `metrics` costs, in processor time for each call through Nest. A server and a client
 * that count, only a server that counts, and a pair that does not, in turn within one process; the ratio is taken within a
 * round. What counts is the median. Why processor time: a busy machine changes it little.
 */
import { JstpClient, JstpServer } from 'nestjs-jstp';
import { nestClient, startNest } from './contenders/nest-application.js';
import { portOf } from './contenders/port.js';
import { median } from './statistics.js';

/** @import { BenchClient } from './types.js' */

const ROUNDS = Number(process.env['ROUNDS'] ?? 41);
const CALLS = 10_000;
const IN_FLIGHT = 64;
const HANDLERS = 10;

/** @typedef {{ name: string, client: BenchClient, close: () => Promise<unknown> }} Pair */

/** @type {(name: string, metrics: { server: boolean, client: boolean }) => Promise<Pair>} */
async function startPair(name, metrics) {
  const strategy = new JstpServer({ host: '127.0.0.1', port: 0, metrics: metrics.server });
  const { app } = await startNest({ strategy }, HANDLERS);
  const port = portOf(strategy.unwrap());
  const client = await nestClient(
    new JstpClient({ host: '127.0.0.1', port, metrics: metrics.client }),
    HANDLERS,
  );
  const close = async () => {
    await client.close();
    await app.close();
  };
  return { name, client, close };
}

/** @type {(client: BenchClient, calls: number) => Promise<number>} microseconds of processor time for each call */
function measure(client, calls) {
  return new Promise((resolve, reject) => {
    const before = process.cpuUsage();
    let sent = 0;
    let answered = 0;
    const next = () => {
      sent += 1;
      client.call(sent, (error) => {
        if (error) {
          reject(error);
          return;
        }
        answered += 1;
        if (sent < calls) next();
        else if (answered === calls) {
          const { user, system } = process.cpuUsage(before);
          resolve((user + system) / calls);
        }
      });
    };
    for (let count = 0; count < IN_FLIGHT; count += 1) next();
  });
}

const pairs = [
  await startPair('off', { server: false, client: false }),
  await startPair('off again', { server: false, client: false }),
  await startPair('server counts', { server: true, client: false }),
  await startPair('both count', { server: true, client: true }),
];
for (let round = 0; round < 3; round += 1) for (const { client } of pairs) await measure(client, CALLS);
/** @type {Map<string, number[]>} */
const times = new Map(pairs.map(({ name }) => [name, []]));
for (let round = 0; round < ROUNDS; round += 1) {
  const first = round % pairs.length;
  for (const { name, client } of [...pairs.slice(first), ...pairs.slice(0, first)])
    times.get(name)?.push(await measure(client, CALLS));
}
const [off = []] = times.values();
for (const [name, all] of times) {
  const ratio = median(all.map((time, round) => time / off[round]));
  console.log(
    `${name.padEnd(14)} ${median(all).toFixed(2)} µs a call, ${((ratio - 1) * 100).toFixed(1)} % more than off`,
  );
}
for (const { close } of pairs) await close();
