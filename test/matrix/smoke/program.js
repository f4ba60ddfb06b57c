/**
 * What every runtime has to be able to do: the core and the browser's client against a server of the core, over each
 * transport. It runs against the packed package: `program.js CERTIFICATES`, a folder. It must end by itself.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as browser from 'nestjs-jstp/browser';
import { Application, net, tls, ws, wss } from 'nestjs-jstp/core';

/** @typedef {import('nestjs-jstp/core').Connection} Connection */
/** @typedef {(error: unknown, ...results: unknown[]) => void} Back */

/** Larger than what a socket takes at once. */
const LARGE_LENGTH = 3 * 1024 * 1024;
const VALUES = 300;

const folder = process.argv[2] ?? '';
const read = (/** @type {string} */ file) => readFileSync(path.join(folder, file), 'utf8');
const secure = () => ({ key: read('server.key'), cert: read('server.crt') });
const trusting = () => ({ ca: read('ca.crt'), servername: 'localhost' });

/**
 * @typedef {object} Way how a client reaches a server
 * @property {string} name
 * @property {(options: { applications: Application<Connection>[] }) => import('nestjs-jstp/core').Server} serve
 * @property {(name: string, client: object, port: number) => Promise<Connection>} dial
 */

/** @type {readonly Way[]} */
const WAYS = [
  {
    name: 'net',
    serve: (options) => net.createServer(options),
    dial: (name, client, port) => net.connect(name, client, port, '127.0.0.1'),
  },
  {
    name: 'tls',
    serve: (options) => tls.createServer({ ...options, ...secure() }),
    dial: (name, client, port) => tls.connect(name, client, { port, host: '127.0.0.1', ...trusting() }),
  },
  {
    name: 'ws',
    serve: (options) => ws.createServer(options),
    dial: (name, client, port) => ws.connect(name, client, `ws://127.0.0.1:${port}`),
  },
  {
    name: 'wss',
    serve: (options) => wss.createServer({ ...options, ...secure() }),
    dial: (name, client, port) =>
      wss.connect(name, client, { ca: read('ca.crt') }, `wss://127.0.0.1:${port}`),
  },
  {
    name: 'the browser client',
    serve: (options) => ws.createServer(options),
    dial: (name, client, port) => browser.connect(name, client, `ws://127.0.0.1:${port}`),
  },
];

/** An application that takes its calls whole, and answers each with a stream. */
class Feed extends Application {
  /** @param {import('nestjs-jstp/core').IncomingCall<Connection>} call */
  handleCall(call) {
    void sendNumbers(call.openStream());
  }
}

/** @param {import('nestjs-jstp/core').OutgoingStream} stream */
async function sendNumbers(stream) {
  for (let n = 0; n < VALUES; n += 1) if (!stream.write(n)) await stream.ready();
  stream.end();
}

/** An application that echoes, asks back, and cuts the transport on request. */
function createApplication() {
  /** @type {{ heard: unknown[], echoed: number }} */
  const seen = { heard: [], echoed: 0 };
  const methods = {
    back: (/** @type {Connection} */ connection, /** @type {unknown} */ value, /** @type {Back} */ back) => {
      seen.echoed += 1;
      connection.emitRemoteEvent('news', 'echoed', [seen.echoed]);
      back(null, value);
    },
    size: (/** @type {Connection} */ connection, /** @type {Back} */ back) => {
      connection.callMethod('screen', 'size', []).then((size) => back(null, size), back);
    },
  };
  const events = {
    said: (/** @type {Connection} */ _connection, /** @type {unknown} */ text) => seen.heard.push(text),
    cut: (/** @type {Connection} */ connection) => {
      /** @type {{ terminate?: () => void, destroy?: () => void }} */
      const raw = Object(connection.getTransport());
      if (raw.terminate) raw.terminate();
      else raw.destroy?.();
    },
  };
  return { seen, application: new Application('app', { echo: methods }, { echo: events }) };
}

/** @param {Way} way */
async function useAll(way) {
  const { seen, application } = createApplication();
  const server = way.serve({ applications: [application, new Feed('feed', {})] });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {{ port: number }} */ (server.address());

  /** @type {unknown[]} */
  const news = [];
  const page = new (way.name === 'the browser client' ? browser.Application : Application)(
    'page',
    { screen: { size: async (/** @type {unknown} */ _connection) => [390, 844] } },
    { news: { echoed: (/** @type {unknown} */ _connection, /** @type {unknown} */ n) => news.push(n) } },
  );
  const reconnector = (/** @type {unknown} */ _connection, /** @type {() => void} */ again) => again();
  const connection = await way.dial('app', { application: page, reconnector }, port);

  const value = { text: 'grüße 😀 \u2028', list: [1, undefined, 3] };
  assert.deepEqual(await connection.callMethod('echo', 'back', [value]), value);
  assert.deepEqual(await connection.callMethod('echo', 'size', []), [390, 844]);
  const large = 'ü'.repeat(LARGE_LENGTH);
  assert.equal(await connection.callMethod('echo', 'back', [large]), large);
  await assert.rejects(connection.callMethod('echo', 'nothing', []), { code: 14 });
  console.log(`${way.name}: calls both ways`);

  const feed = await way.dial('feed', {}, port);
  assert.deepEqual(
    await collect(feed),
    Array.from({ length: VALUES }, (_, n) => n),
  );
  feed.close();
  console.log(`${way.name}: a stream`);

  const { session } = connection;
  const back = new Promise((resolve) => connection.once('reconnect', resolve));
  const closed = new Promise((resolve) => connection.once('close', resolve));
  connection.emitRemoteEvent('echo', 'cut', []);
  await closed;
  connection.emitRemoteEvent('echo', 'said', ['while the connection was cut']);
  const offline = ['one', 'two', 'three'].map((text) => connection.callMethod('echo', 'back', [text]));
  assert.equal(await back, null);
  assert.deepEqual(await Promise.all(offline), ['one', 'two', 'three']);
  assert.equal(connection.session, session);
  assert.deepEqual(seen.heard, ['while the connection was cut']);
  assert.deepEqual(news, [1, 2, 3, 4, 5]);
  assert.equal(seen.echoed, 5);
  console.log(`${way.name}: events, and a session that was resumed`);

  connection.close();
  const gone = new Promise((resolve) => server.close(() => resolve(undefined)));
  server.closeConnections();
  await gone;
}

/** @type {(connection: Connection) => Promise<unknown[]>} */
function collect(connection) {
  return new Promise((resolve, reject) => {
    /** @type {unknown[]} */
    const values = [];
    const done = (/** @type {unknown} */ error) => {
      if (error == null) resolve(values);
      else reject(error);
    };
    connection.startCall('feed', 'numbers', [], done, { onItem: (item) => values.push(item) });
  });
}

/** A client for pages: it waits for the server, comes back after a cut, and leaves nothing open. */
async function useClientOfPages() {
  const { seen, application } = createApplication();
  const server = ws.createServer({ applications: [application] });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {{ port: number }} */ (server.address());
  const client = browser.createClient({
    url: `ws://127.0.0.1:${port}`,
    app: 'app',
    login: async () => null,
    application: { screen: { size: () => [390, 844] } },
  });
  /** @type {string[]} */
  const statuses = [];
  client.on('status', (status) => statuses.push(status));
  const news = client.fromEvent('news', 'echoed');
  assert.deepEqual(await client.call('echo', 'size'), [390, 844]);
  assert.equal(await client.call('echo', 'back', 'one'), 'one');
  const closed = new Promise((resolve) => client.on('close', () => resolve(undefined)));
  await client.emit('echo', 'cut');
  await closed;
  await client.emit('echo', 'said', 'while the connection was cut');
  assert.equal(await client.call('echo', 'back', 'two'), 'two');
  assert.deepEqual([(await news.next()).value, (await news.next()).value], [1, 2]);
  assert.deepEqual(seen.heard, ['while the connection was cut']);
  await client.close();
  assert.equal(statuses.at(-1), 'closed');
  const gone = new Promise((resolve) => server.close(() => resolve(undefined)));
  server.closeConnections();
  await gone;
  console.log('the client of pages: calls both ways, events, and a session that was resumed');
}

for (const way of WAYS) await useAll(way);
await useClientOfPages();
await assert.rejects(net.connect('app', {}, 1, '127.0.0.1'), 'where nobody listens');
console.log('smoke passed');
