/** Stands for a UTF-16 unit beyond ASCII: no ASCII byte, and no continuation byte of UTF-8. */
const NON_ASCII_UNIT = 0xc2;
/** The bytes of texts up to this length are written to one array, again and again. */
const SCRATCH_LENGTH = 64 * 1024;
/** Below this length a call of the platform's encoder costs more than it saves. */
const ENCODER_MIN_LENGTH = 24;

/** The part of the platform's TextEncoder that is used. */
interface Encoder {
  encodeInto?(text: string, target: Uint8Array): { readonly read: number; readonly written: number };
}

/** Node and browsers have one, every other platform may do without. */
const { TextEncoder } = globalThis as unknown as { readonly TextEncoder?: new () => Encoder };
const encoder = TextEncoder ? new TextEncoder() : undefined;

const scratch = new Uint8Array(SCRATCH_LENGTH);
/** For a longer text; making it costs more than filling it. It is given back at the next great collection. */
let large: WeakRef<Uint8Array> | undefined;

/**
 * One byte for each UTF-16 unit of a text: ASCII as it is, in the same places, and a byte beyond ASCII for
 * everything else. A NUL follows; what is behind it is of an older text. Good until the next call.
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

/** Many times as fast as a loop, but for ASCII only, of which each character is one byte. */
function encodeAscii(text: string, bytes: Uint8Array): boolean {
  const { length } = text;
  if (length < ENCODER_MIN_LENGTH) return false;
  const result = encoder?.encodeInto?.(text, bytes);
  return result?.read === length && result.written === length;
}
