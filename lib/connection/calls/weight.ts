/**
 * How many bytes of memory a value counts as, without the text of a string. Measured on Node 20: 64 for each of `[{},{}]`,
 * 40 of `[[],[]]`, 54 of `[[1,1,1]]`, 34 of `[{a:1}]`, 32 of two letters, 24 of a fraction among others, 8 of an integer
 * or a hole; 95 where each object has a key of its own, and 135 where each has an index for a key.
 */
const BYTES_PER_VALUE = 64;
/**
 * What a call takes besides, with its handler and few values. Measured on Node 20: 1.9 KB of a Nest handler without arguments,
 * 3.8 with 27 empty objects, 0.5 of a core method. Why it counts: a hundred thousand calls of 200 bytes took 470 MB.
 */
export const CALL_BYTES = 2 * 1024;

/** From this size on the wire, in bytes, a call or an event is large: it may count as more than 64 KiB. */
export const LARGE_CALL_BYTES = 4 * 1024;

/**
 * What a call or an event counts as while it is under way, in bytes.
 * @param bytes its size on the wire
 * @param values how many values it has
 */
export function weightOf(bytes: number, values: number): number {
  return Math.max(bytes + CALL_BYTES, BYTES_PER_VALUE * values);
}

/** What a stream that is an argument counts as. Measured on Node 20: 330 bytes, and 500 more while somebody reads it. */
export const SOURCE_BYTES = 768;
/** How many values a message with one value of a stream has besides that one. */
const VALUES_AROUND_ONE = 6;

/**
 * What a value of a stream counts as while it waits for its reader, in bytes. Why none of it is free, as some values of a call
 * are: thousands of them may wait for one call.
 * @param bytes the size of its message on the wire
 * @param values how many values that message has
 */
export function weightOfItem(bytes: number, values: number): number {
  return Math.max(bytes, BYTES_PER_VALUE * (values - VALUES_AROUND_ONE));
}
