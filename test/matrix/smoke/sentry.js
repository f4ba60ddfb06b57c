/**
 * One trace of two processes in Sentry's form, without Sentry: what its SDK would send is kept. The first process is the
 * client, and starts the second one, the server.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';

/** @typedef {{ name: string, trace_id: string, span_id: string, parent_span_id?: string, status: string }} Span */
/** @typedef {[header: { type: string }, body: { items: Span[] }]} Item */
/**
 * What is used of the SDK, which is not among the development dependencies: it takes 95 MB.
 * @typedef {object} Sentry
 * @property {(options: object) => void} init
 * @property {<T>(options: { name: string }, run: () => Promise<T>) => Promise<T>} startSpan
 * @property {(timeoutMs: number) => Promise<boolean>} flush
 */

/** @type {Span[]} */
const spans = [];
/** @param {[header: object, items: Item[]]} envelope */
const send = ([, items]) => {
  for (const [{ type }, body] of items) if (type === 'span') spans.push(...body.items);
  return Promise.resolve({});
};
const sentry = /** @type {Sentry} */ (await import(/** @type {string} */ ('@sentry/node')));
sentry.init({
  dsn: 'http://key@127.0.0.1:9/1',
  tracesSampleRate: 1,
  enableOpenTelemetrySetup: true,
  transport: () => ({ send, flush: () => Promise.resolve(true) }),
});
const { JstpInstrumentation } = await import('nestjs-jstp/opentelemetry');
new JstpInstrumentation();
const { Application, net, RemoteError } = await import('nestjs-jstp/core');

if (process.send) await serve();
else await call();

async function serve() {
  const join = async (/** @type {unknown} */ _connection, /** @type {string} */ room) => {
    if (room === 'cellar') throw new RemoteError(1000, 'closed');
    return `in ${room}`;
  };
  const server = net.createServer({ applications: [new Application('app', { rooms: { join } })] });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  process.send?.(server.address());
  await once(process, 'message');
  await sentry.flush(5000);
  process.send?.(spans, () => process.exit());
}

async function call() {
  const server = fork(import.meta.filename);
  const [{ port }] = await once(server, 'message');
  const connection = await net.connect('app', {}, port, '127.0.0.1');
  await sentry.startSpan({ name: 'request' }, async () => {
    assert.equal(await connection.callMethod('rooms', 'join', ['lobby']), 'in lobby');
    await assert.rejects(connection.callMethod('rooms', 'join', ['cellar']), { code: 1000 });
  });
  await sentry.flush(5000);
  server.send('end');
  const [served] = /** @type {[Span[]]} */ (await once(server, 'message'));
  connection.close();

  const request = spans.find(({ name }) => name === 'request');
  const called = spans.filter(({ parent_span_id: parent }) => parent === request?.span_id);
  assert.deepEqual(called.map(shortly), ['rooms/join ok', 'rooms/join error']);
  assert.deepEqual(served.map(shortly), ['rooms/join ok', 'rooms/join error']);
  const parents = served.map((span) => span.parent_span_id);
  assert.deepEqual(
    parents,
    called.map((span) => span.span_id),
  );
  assert.equal(new Set([...spans, ...served].map((span) => span.trace_id)).size, 1);
  console.log('smoke passed');
  process.exit();
}

/** @param {Span} span */
function shortly({ name, status }) {
  return `${name} ${status}`;
}
