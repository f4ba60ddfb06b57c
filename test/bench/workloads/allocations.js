import { getHeapSpaceStatistics } from 'node:v8';
import { Application } from 'nestjs-jstp/core';
import { createTestingPair } from 'nestjs-jstp/testing';
import { median } from '../statistics.js';

/** @import { Connection } from 'nestjs-jstp/core' */

/** Few enough that all of them fit in the young generation: nothing is collected between two looks. */
const CALLS = 2000;
const WARM_UP_CALLS = 20_000;
const ROUNDS = 9;

/**
 * What calls in one process, without sockets, take from the heap and leave on it, in bytes a call. Needs
 * `--expose-gc` and a young generation (`--max-semi-space-size`) that takes CALLS calls.
 */
export async function measureAllocations() {
  const { gc } = globalThis;
  if (!gc) throw new Error('Run it with --expose-gc');
  /** @type {(connection: unknown, payload: unknown, callback: (error: null, result: unknown) => void) => void} */
  const echo = (_connection, payload, callback) => callback(null, payload);
  const pair = await createTestingPair({ applications: [new Application('app', { bench: { echo } })] });
  await callMany(pair.client, WARM_UP_CALLS);
  jsonMany(WARM_UP_CALLS);

  const calls = [];
  const json = [];
  gc();
  const before = process.memoryUsage().heapUsed;
  for (let round = 0; round < ROUNDS; round++) {
    gc();
    calls.push(await growthOf(() => callMany(pair.client, CALLS)));
    gc();
    json.push(await growthOf(() => jsonMany(CALLS)));
  }
  gc();
  const retainedBytes = (process.memoryUsage().heapUsed - before) / (ROUNDS * CALLS);
  const promoted = [];
  for (let round = 0; round < ROUNDS; round++)
    promoted.push(await promotedBy(() => callMany(pair.client, CALLS)));
  await pair.close();
  return {
    perCallBytes: median(calls),
    jsonBytes: median(json),
    retainedBytes,
    promotedBytes: median(promoted),
  };
}

/**
 * What outlives two collections of the young generation, which copy it. Why that is looked at: it is what their pauses are
 * made of, and so the tail of all calls.
 * @param {() => unknown} run
 */
async function promotedBy(run) {
  await run();
  globalThis.gc?.({ type: 'minor' });
  const before = oldBytes();
  await run();
  globalThis.gc?.({ type: 'minor' });
  return (oldBytes() - before) / CALLS;
}

function oldBytes() {
  const old = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space');
  return old?.space_used_size ?? NaN;
}

/** @param {() => unknown} run */
async function growthOf(run) {
  const before = process.memoryUsage().heapUsed;
  await run();
  return (process.memoryUsage().heapUsed - before) / CALLS;
}

/**
 * One call after the other, without Promises of this side.
 * @param {Connection} connection
 * @param {number} count
 */
function callMany(connection, count) {
  return new Promise((/** @type {(value?: undefined) => void} */ resolve, reject) => {
    let left = count;
    /** @param {unknown} error */
    const done = (error) => {
      if (error) reject(error);
      else if (left-- === 0) resolve();
      else connection.callMethod('bench', 'echo', ['0123456789abcdef'], done);
    };
    done(null);
  });
}

/**
 * The texts and objects of as many calls and answers, written and read by JSON.
 * @param {number} count
 */
function jsonMany(count) {
  for (let id = 0; id < count; id++) {
    const { echo } = JSON.parse(JSON.stringify({ call: [id, 'bench'], echo: ['0123456789abcdef'] }));
    JSON.parse(JSON.stringify({ callback: [id], ok: echo }));
  }
}
