/** "Getting started": the server, the clients of other processes, the cut, and the shop's route. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import type {} from './client.js';
import type {} from './main.js';
import type {} from './patient.js';
import type {} from './shop.js';

const printed: unknown[] = [];
const print = console.log;
console.log = (line) => printed.push(line);
await import('./main.js');
await import('./client.js');
assert.deepEqual(printed.splice(0), [6, 9]);
await import('./patient.js');
assert.deepEqual(printed.splice(0), ['the session is back', 3]);
await import('./shop.js');
const response = await fetch('http://127.0.0.1:4011/shop/total');
assert.equal(await response.text(), '42');
print('getting started: passed');
// The server and the shop of the page stay up until a signal comes.
process.exit(0);
