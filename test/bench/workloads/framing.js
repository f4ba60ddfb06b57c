import { loadProtocol } from '../built.js';

/** @import { Slice } from '../types.js' */

const { MessageSplitter } = await loadProtocol();
const KIB = 1024;
const MIB = KIB * KIB;
const MAX_MESSAGE_BYTES = 16 * MIB;

/**
 * Cutting one message of 1 MiB and one of 8 MiB out of chunks of 1 KiB.
 * @param {{ rounds: number }} options
 * @returns {Slice[]}
 */
export function measureFraming({ rounds }) {
  const small = chunksOf(MIB);
  const large = chunksOf(8 * MIB);
  const slices = [];
  for (let round = -1; round < rounds; round++) {
    // As many bytes in either, so that both slices are as long.
    const nanoseconds = { '1 MiB': timeOf(small, 8), '8 MiB': timeOf(large, 1) };
    if (round >= 0) slices.push({ cell: 'framing', round, nanoseconds });
  }
  return slices;
}

/** @param {number} bytes */
function chunksOf(bytes) {
  const chunks = Array.from({ length: bytes / KIB }, () => Buffer.alloc(KIB, 'a'));
  chunks[chunks.length - 1][KIB - 1] = 0;
  return chunks;
}

/**
 * Nanoseconds of one message.
 * @param {readonly Buffer[]} chunks
 * @param {number} messages
 */
function timeOf(chunks, messages) {
  const allocate = (/** @type {number} */ size) => Buffer.allocUnsafe(size);
  const splitter = new MessageSplitter({ maxMessageBytes: MAX_MESSAGE_BYTES, allocate });
  let delivered = 0;
  const sink = () => {
    delivered += 1;
    return true;
  };
  const startedAt = performance.now();
  for (let n = 0; n < messages; n++) for (const chunk of chunks) splitter.push(chunk, sink);
  const elapsedMs = performance.now() - startedAt;
  if (delivered !== messages) throw new Error(`${delivered} of ${messages} messages came out`);
  return (elapsedMs * 1e6) / messages;
}
