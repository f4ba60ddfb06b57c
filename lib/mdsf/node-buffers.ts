import { host } from '../util/host.js';

/** The methods of Node's buffers that are used. They take any Uint8Array. Bun and Deno have them, too. */
interface BufferMethods {
  base64Slice(this: Uint8Array, start: number, end: number): string;
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  base64Write(this: Uint8Array, text: string, offset: number): number;
}

interface BufferClass {
  readonly prototype: BufferMethods;
  from(memory: ArrayBufferLike, offset: number, length: number): Uint8Array;
  allocUnsafeSlow(size: number): Uint8Array;
}

/**
 * Node's class of buffers; undefined elsewhere.
 * Why not where there is no Node: a bundler may have put a slow one of its own in its place.
 */
export const buffers = /* @__PURE__ */ findBuffers();

function findBuffers(): BufferClass | undefined {
  const { Buffer } = globalThis as unknown as { readonly Buffer?: BufferClass };
  return host.process?.versions?.node !== undefined && typeof Buffer?.prototype.base64Write === 'function'
    ? Buffer
    : undefined;
}
