/** The byte for a UTF-16 unit beyond ASCII. It is neither an ASCII byte nor a continuation byte of UTF-8. */
const NON_ASCII_UNIT = 0xc2;
/** Shorter texts are written to one array that is used again. */
const SCRATCH_LENGTH = 64 * 1024;
/** Below this length a call of the platform's encoder takes longer than a loop. */
const ENCODER_MIN_LENGTH = 24;

/** The part of a TextEncoder that is used. */
interface Encoder {
  encodeInto?(text: string, target: Uint8Array): { readonly read: number; readonly written: number };
}

// Node and browsers have a TextEncoder. Other platforms may lack it.
const { TextEncoder } = globalThis as unknown as { readonly TextEncoder?: new () => Encoder };
/** The platform's encoder of texts; undefined where there is none. */
export const encoder = TextEncoder ? new TextEncoder() : undefined;

const scratch = new Uint8Array(SCRATCH_LENGTH);
/** The array for longer texts. Why it is kept until the next full collection: making it takes longer than filling it. */
let large: WeakRef<Uint8Array> | undefined;

/**
 * Returns one byte for each UTF-16 unit of a text: the character itself where it is ASCII, else {@link NON_ASCII_UNIT}.
 * A NUL follows. The bytes behind it belong to an earlier text. The array is valid until the next call.
 */
export function bytesOfText(text: string): Uint8Array {
  const { length } = text;
  const bytes = length < SCRATCH_LENGTH ? scratch : largeArray(length + 1);
  if (!encodeAscii(text, bytes)) {
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      bytes[i] = unit < 128 ? unit : NON_ASCII_UNIT;
    }
  }
  bytes[length] = 0;
  return bytes;
}

function largeArray(length: number): Uint8Array {
  const kept = large?.deref();
  if (kept && kept.length >= length) return kept;
  const made = new Uint8Array(length);
  large = new WeakRef(made);
  return made;
}

/**
 * Encodes a text, if it is ASCII, many times as fast as a loop.
 * @returns false where it is not ASCII, or too short to be worth it
 */
function encodeAscii(text: string, bytes: Uint8Array): boolean {
  const { length } = text;
  if (length < ENCODER_MIN_LENGTH) return false;
  const result = encoder?.encodeInto?.(text, bytes);
  return result?.read === length && result.written === length;
}
