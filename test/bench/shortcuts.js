/**
 * `npm run build && node test/bench/shortcuts.js`: what each shortcut of the hot path wins, in processor time or (where it
 * shares objects) in heap. The built package is compared with a copy of it in which the shortcut is taken out, in turn within
 * one process. A shortcut that wins less than 5 % in every cell does not pay for its code.
 */
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { median } from './statistics.js';
import { CALL, OBJECT, ROWS } from './workloads/codec-values.js';

const SLICE_MS = 15;
const ROUNDS = 31;
const HEAP_ROUNDS = 3;
const HEAP_OBJECTS = 2000;
const ROOT = path.join(import.meta.dirname, '../..');
const DIST = path.join(ROOT, 'dist');
const CACHE = path.join(ROOT, 'node_modules/.cache');

/** @typedef {(file: string) => Promise<any>} Load loads a file of the built package */
/** @typedef {() => unknown} Run */
/** @typedef {() => Promise<object>} Make makes an object that lives on */

/**
 * @typedef {object} Shortcut
 * @property {string} name
 * @property {string} file
 * @property {Readonly<Record<string, string>>} without functions (or methods) of the file, and their bodies without the shortcut
 * @property {Readonly<Record<string, (load: Load) => Promise<Run>>>} cells what takes processor time
 * @property {Readonly<Record<string, (load: Load) => Promise<Make>>>} [heap] what takes heap
 */

/** @type {readonly Shortcut[]} */
const SHORTCUTS = [
  {
    name: 'the texts of targets are kept',
    file: 'protocol/target-text.js',
    without: { plainTargetText: 'return createTarget(interfaceName, name).text;' },
    cells: {
      'format a small call': async (load) => {
        const { formatCall } = await load('protocol/format-message.js');
        return () => formatCall(CALL.id, CALL.iface, CALL.method, CALL.args);
      },
      'format calls of 50 methods': async (load) => {
        const { formatCall } = await load('protocol/format-message.js');
        const names = Array.from({ length: 50 }, (_, index) => `method${index}`);
        let turn = 0;
        return () => formatCall(CALL.id, CALL.iface, names[turn++ % names.length], CALL.args);
      },
    },
  },
  {
    name: 'the targets of patterns are kept',
    file: 'nest/target.js',
    without: { targetOfText: 'return splitText(text);' },
    cells: {
      'format calls of 50 patterns': async (load) => {
        const { formatCall } = await load('protocol/format-message.js');
        const { targetOf } = await load('nest/target.js');
        const patterns = Array.from({ length: 50 }, (_, index) => `users${index % 5}.method${index}`);
        let turn = 0;
        return () => {
          const { interfaceName, name } = targetOf(patterns[turn++ % patterns.length], String);
          return formatCall(CALL.id, interfaceName, name, CALL.args);
        };
      },
    },
  },
  {
    name: 'the prefixes of members are kept',
    file: 'mdsf/member-prefix.js',
    without: { memberPrefix: 'return createPrefix(key);' },
    cells: { 'write an object': async (load) => stringifyRun(load, OBJECT) },
  },
  {
    name: 'the keys that were read are kept',
    file: 'mdsf/key-cache.js',
    without: { matchExpected: 'return 0;', find: 'return undefined;', add: 'return key;' },
    cells: {
      'read an object': async (load) => parseRun(load, OBJECT),
      'read rows': async (load) => parseRun(load, ROWS),
    },
  },
  {
    name: 'the parts of a large message are kept',
    file: 'protocol/message-parts.js',
    without: { isLargeString: 'return false;', partsOf: 'return [text];' },
    cells: {
      'send answers of 64 KiB': async (load) => sendRun(load, 64 * 1024),
      'send answers of 1 MiB': async (load) => sendRun(load, 1024 * 1024),
    },
  },
  {
    name: 'sessions share what they were made for',
    file: 'server/handshake/handshakes.js',
    without: {
      bindingOf:
        'return { application: intern(request.application), version: intern(request.version ?? ""), ' +
        'extensions: agreedNames(this.options.extensions, request.extensions) };',
    },
    cells: {},
    heap: { 'a client and its connection': clientMaker },
  },
];

/**
 * @param {Load} load
 * @returns {Promise<Make>}
 */
async function clientMaker(load) {
  const { Application } = await load('core.js');
  const { createMemoryEntry } = await load('testing/index.js');
  const entry = createMemoryEntry();
  const server = entry.createServer([new Application('chat@1.2.0', {})]);
  server.listen(1);
  await once(server, 'listening');
  return () => entry.connect('chat@^1.0.0', {}, 1);
}

/**
 * @param {Load} load
 * @param {unknown} value
 * @returns {Promise<Run>}
 */
async function stringifyRun(load, value) {
  const { stringify } = await load('mdsf/index.js');
  return () => stringify(value);
}

/**
 * @param {Load} load
 * @param {unknown} value
 * @returns {Promise<Run>}
 */
async function parseRun(load, value) {
  const { parseBytes, stringify } = await load('mdsf/index.js');
  const { nodeDecoder } = await load('transport/node-decoder.js');
  // One after the other by hand: large arrays would go through JSON.stringify, and have quoted keys.
  const elements = Array.isArray(value) ? value : [value];
  const bytes = Buffer.from(`[${elements.map((element) => stringify(element)).join(',')}]`);
  return () => parseBytes(bytes, nodeDecoder);
}

/**
 * Sends an answer of one large string over a socket, and waits until all of it has arrived.
 * @param {Load} load
 * @param {number} length
 * @returns {Promise<Run>}
 */
async function sendRun(load, length) {
  const { formatCallbackOk } = await load('protocol/format-message.js');
  const { resolveLimits } = await load('protocol/limits.js');
  const { SocketTransport } = await load('transport/socket/socket-transport.js');
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  const socket = net.connect(port, '127.0.0.1');
  const [accepted] = await once(server, 'connection');
  // Nothing of this keeps the process alive.
  for (const each of [server, socket, accepted]) each.unref();
  const transport = new SocketTransport(socket, resolveLimits());
  let left = 0;
  let onArrived = () => {};
  accepted.on('data', (/** @type {Buffer} */ chunk) => {
    left -= chunk.length;
    if (left === 0) onArrived();
  });
  const body = 'a'.repeat(length);
  return () => {
    const text = formatCallbackOk(1, [body]);
    left = text.length + 1;
    // A timer, since the sockets do not keep the process alive meanwhile.
    const alive = setTimeout(() => {}, 60_000);
    return new Promise((resolve) => {
      onArrived = () => {
        clearTimeout(alive);
        resolve(undefined);
      };
      transport.send(text);
    });
  };
}

/**
 * A copy of the built package without a shortcut.
 * @param {Shortcut} shortcut
 */
function copyWithout({ file, without }) {
  // Within the package, so that its dependencies are found.
  mkdirSync(CACHE, { recursive: true });
  const copy = mkdtempSync(path.join(CACHE, 'jstp-without-'));
  cpSync(DIST, copy, { recursive: true });
  writeFileSync(path.join(copy, 'package.json'), '{ "type": "module" }');
  const changed = path.join(copy, file);
  let source = readFileSync(changed, 'utf8');
  for (const [name, body] of Object.entries(without)) {
    const head = new RegExp(`^((?:export )?function ${name}|    ${name})\\(.*\\) \\{$`, 'm');
    if (!head.test(source)) throw new Error(`${file} has no function ${name}`);
    source = source.replace(head, (line) => `${line} ${body}`);
  }
  writeFileSync(changed, source);
  return copy;
}

const sink = { value: /** @type {unknown} */ (undefined) };

/**
 * Nanoseconds of processor time that a function takes.
 * @param {Run} run
 */
async function timeOf(run) {
  let batch = 1;
  let done = 0;
  const before = process.cpuUsage();
  for (;;) {
    for (let n = 0; n < batch; n++) {
      sink.value = run();
      if (sink.value instanceof Promise) await sink.value;
    }
    done += batch;
    const { user, system } = process.cpuUsage(before);
    const ms = (user + system) / 1000;
    if (ms >= SLICE_MS) return (ms * 1e6) / done;
    batch = Math.max(1, Math.floor((done / Math.max(ms, 0.01)) * (SLICE_MS / 10)));
  }
}

/**
 * @param {Run} usual
 * @param {Run} without
 */
async function compare(usual, without) {
  const times = { usual: /** @type {number[]} */ ([]), ratios: /** @type {number[]} */ ([]) };
  for (let round = -2; round < ROUNDS; round++) {
    // Who goes first changes, so that neither always follows the other's garbage.
    const isUsualFirst = round % 2 === 0;
    const first = await timeOf(isUsualFirst ? usual : without);
    const second = await timeOf(isUsualFirst ? without : usual);
    if (round < 0) continue;
    const [ns, other] = isUsualFirst ? [first, second] : [second, first];
    times.usual.push(ns);
    times.ratios.push(other / ns);
  }
  return { nanoseconds: median(times.usual), ratio: median(times.ratios) };
}

setFlagsFromString('--expose-gc');
const collectGarbage = /** @type {() => void} */ (runInNewContext('gc'));

/**
 * Bytes of heap that an object takes.
 * @param {Make} make
 */
async function heapOf(make) {
  const kept = [];
  // The first ones bring what all share.
  for (let n = 0; n < 100; n++) kept.push(await make());
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < HEAP_OBJECTS; n++) kept.push(await make());
  collectGarbage();
  const bytes = (process.memoryUsage().heapUsed - before) / HEAP_OBJECTS;
  sink.value = kept.length;
  return bytes;
}

/** @param {string} folder @returns {Load} */
const loaderOf = (folder) => (file) => import(pathToFileURL(path.join(folder, file)).href);

for (const shortcut of SHORTCUTS) {
  const copy = copyWithout(shortcut);
  try {
    for (const [cell, prepare] of Object.entries(shortcut.cells)) {
      const [usual, without] = [await prepare(loaderOf(DIST)), await prepare(loaderOf(copy))];
      const { nanoseconds, ratio } = await compare(usual, without);
      const win = `${((1 - 1 / ratio) * 100).toFixed(0)} %`.padStart(5);
      console.log(
        `${shortcut.name}; ${cell}: ${nanoseconds.toFixed(0)} ns, of ${(nanoseconds * ratio).toFixed(0)} ns without:${win}`,
      );
    }
    for (const [cell, prepare] of Object.entries(shortcut.heap ?? {})) {
      const [usual, without] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
      for (let round = 0; round < HEAP_ROUNDS; round++) {
        usual.push(await heapOf(await prepare(loaderOf(DIST))));
        without.push(await heapOf(await prepare(loaderOf(copy))));
      }
      const [bytes, more] = [median(usual), median(without)];
      const win = `${((1 - bytes / more) * 100).toFixed(0)} %`.padStart(5);
      console.log(
        `${shortcut.name}; ${cell}: ${bytes.toFixed(0)} bytes of heap, of ${more.toFixed(0)} without:${win}`,
      );
    }
  } finally {
    rmSync(copy, { recursive: true });
  }
}
