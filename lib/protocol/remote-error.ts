import { DEFAULT_MESSAGES, GENERIC_ERROR_CODE, STANDARD_ERROR_CODES } from './error-codes.js';
import { toSafeString } from './safe-string.js';

/** The array that stands for an error on the wire: `[code, message, ...info]`. */
type WireError = unknown[];

/** How many objects with `toJSTP()` may follow one another before the next one is not asked. */
const MAX_HOPS = 8;

/**
 * An error with a numeric code, which travels between peers. A standard code (10 to 17, -1, -2) is sent without a text:
 * each side has its own.
 */
export class RemoteError extends Error {
  /** The code: one of the `ERR_*` constants, or an application's own. */
  code: number;

  /** What follows code and message on the wire, or null. */
  info: unknown[] | null;

  /**
   * @param code - one of the `ERR_*` constants, or an application's own number
   * @param message - text. @default the text of a known code, else the code itself
   * @param info - further values for the wire. @default none
   */
  constructor(code: number, message?: string | null, info: unknown[] | null = null) {
    // Why `||`: an empty text stands for none in JSTP.
    super(message || defaultMessageOf(code));
    this.code = code;
    this.info = info;
  }

  /** The class's name, as the stack shows it. */
  override get name(): string {
    return 'RemoteError';
  }

  /** The texts of the known codes. */
  static get defaultMessages(): Readonly<Record<number, string>> {
    return DEFAULT_MESSAGES;
  }

  /**
   * Makes the error that a peer sent.
   * @param array - `[code, message?, ...info]`. Without a number first, the code is 1 and the first element is the text
   */
  static fromJstpArray(array: readonly unknown[]): RemoteError {
    const [code, message] = array;
    const info = array.length > 2 ? array.slice(2) : null;
    return typeof code === 'number'
      ? new RemoteError(code, optionalText(message), info)
      : new RemoteError(GENERIC_ERROR_CODE, optionalText(message ?? code), info);
  }

  /**
   * Makes the array that stands for an error on the wire, of any value that was thrown. Never throws. The array is never
   * empty, and its first element is a number or a string.
   * @param error - a RemoteError, an object with `toJSTP()`, an Error, array, number, string...
   */
  static getJstpArrayFor(error: unknown): WireError {
    let value = error;
    for (let hop = 0; hop < MAX_HOPS; hop++) {
      const next = callToJstp(value);
      if (next === undefined) break;
      value = next.result;
    }
    if (Array.isArray(value)) return withReadableCode(value);
    if (typeof value === 'number' && Number.isFinite(value)) return [value];
    return [GENERIC_ERROR_CODE, toSafeString(value)];
  }

  /** Returns what stands for this error on the wire: `[code]`, `[code, message]` or `[code, message, ...info]`. */
  toJSTP(): unknown {
    // Why by its old name: applications written for JSTP 1.x override that method.
    const method: unknown = Reflect.get(this, 'toJstpArray');
    return typeof method === 'function' ? (Reflect.apply(method, this, []) as unknown) : this.wireArray();
  }

  /**
   * Does what {@link toJSTP} does, under its old name.
   * @deprecated use `toJSTP()`
   */
  toJstpArray(): unknown[] {
    return this.wireArray();
  }

  private wireArray(): unknown[] {
    const { code, message, info } = this;
    if (STANDARD_ERROR_CODES.has(code) || message === toSafeString(code)) return [code];
    return Array.isArray(info) ? [code, message, ...info] : [code, message];
  }
}

function defaultMessageOf(code: number): string {
  return Object.hasOwn(DEFAULT_MESSAGES, code) ? DEFAULT_MESSAGES[code] : toSafeString(code);
}

function optionalText(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : toSafeString(value);
}

/** Returns an array as it is, unless it has no code that a peer could read. */
function withReadableCode(array: WireError): WireError {
  const code: unknown = array[0];
  if (typeof code === 'number' && Number.isFinite(code)) return array;
  // Codes that are strings are no JSTP, but applications send them, and the reference passes them on.
  if (typeof code === 'string') return array;
  return array.length === 0 ? [GENERIC_ERROR_CODE] : [GENERIC_ERROR_CODE, toSafeString(code)];
}

function callToJstp(value: unknown): { readonly result: unknown } | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  try {
    const method: unknown = (value as { toJSTP?: unknown }).toJSTP;
    if (typeof method !== 'function') return undefined;
    return { result: Reflect.apply(method, value, []) as unknown };
  } catch {
    return undefined;
  }
}
