import type { CallInfo } from './incoming-call.js';

// Why not a property: the same function may be frozen, and its owner may list its properties.
const takers = new WeakSet();
// Why kept: most applications have no such methods, and to look one up costs as much as a fiftieth of a call.
let hasTakers = false;

/**
 * Makes a method of the core's `Application`, or a function that a client exposes, that gets the call as its first
 * argument, before those of the caller: to read metadata, to notice a cancel, to set the metadata of the answer. Its
 * result is what it returns, or the Promise of it. An event handler gets the event in the same way.
 * @example new Application('app', { math: { add: withCall((call, a: number, b: number) => a + b) } })
 */
export function withCall<Args extends unknown[], Result, C = unknown>(
  method: (call: CallInfo<C>, ...args: Args) => Result,
): (call: CallInfo<C>, ...args: Args) => Result {
  takers.add(method);
  hasTakers = true;
  return method;
}

/** Whether a method was made by {@link withCall}. */
export function takesCall(method: object): boolean {
  return hasTakers && takers.has(method);
}
