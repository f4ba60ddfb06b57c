import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { PlainSpan } from './plain-span.js';
import { drawSpans } from './span-tree.js';

/** The HTTP span, and two of each call and event. */
const SPANS_EXPECTED = 7;
const TIMEOUT_MS = 30_000;

const spans: PlainSpan[] = [];

/** Starts one of the three processes. @returns where it listens */
async function start(file: string, name: string, calledPort?: number): Promise<[ChildProcess, number]> {
  const args = calledPort === undefined ? [name] : [name, String(calledPort)];
  const child = fork(path.join(import.meta.dirname, file), args);
  const ready = new Promise<number>((resolve, reject) => {
    child.on('message', (message: { port?: number; spans?: PlainSpan[] }) => {
      if (message.port !== undefined) resolve(message.port);
      spans.push(...(message.spans ?? []));
    });
    child.once('exit', (code) => {
      reject(new Error(`${name} has ended with code ${String(code)}`));
    });
  });
  return [child, await ready];
}

const deadline = Date.now() + TIMEOUT_MS;
const [stock, stockPort] = await start('service/main.js', 'stock');
const [orders, ordersPort] = await start('service/main.js', 'orders', stockPort);
const [gateway, port] = await start('gateway/main.js', 'gateway', ordersPort);

const response = await fetch(`http://127.0.0.1:${port}/orders/tea`, {
  method: 'POST',
  headers: { connection: 'close' },
});
console.log(`POST /orders/tea: ${response.status} ${await response.text()}\n`);
while (spans.length < SPANS_EXPECTED && Date.now() < deadline)
  await new Promise((resolve) => setTimeout(resolve, 20));
console.log(drawSpans(spans).join('\n'));

for (const child of [gateway, orders, stock]) {
  const ended = once(child, 'exit');
  child.disconnect();
  await ended;
}
process.exitCode = spans.length === SPANS_EXPECTED ? 0 : 1;
