import {
  ATTACHED_MARK,
  BYTES_QUOTE,
  bytesOf,
  encodeBase64,
  hasLostMemory,
  isBytes,
  MEMORY_IS_GONE,
} from './base64.js';
import { integerText } from './integer-text.js';
import { LARGE, uniformText } from './is-large.js';
import { memberPrefix } from './member-prefix.js';
import { isPrototypeExtended } from './prototype-extended.js';
import { isClean, quote } from './quote.js';
import { pathOf } from './path-of.js';
import { MdsfStringifyError, type MdsfStringifyErrorCode } from './stringify-error.js';

/** Options of {@link stringify}. */
export interface StringifyOptions {
  /** How deep arrays and objects may be nested. @default 256 */
  readonly maxDepth?: number;
  /**
   * How bytes (a Buffer, an ArrayBuffer, a SharedArrayBuffer, a typed array of any kind, a DataView) are written. true: as base64 between
   * backticks, which only `parse` with its option `bytes` reads. false: a Buffer as a string of base64, a typed array as
   * an object of its indexes, the rest as `{}`. 'refuse': they throw. @default false
   */
  readonly bytes?: BytesForm;
  /**
   * Whether bytes that are many stay out of the text, which has their length in their place: {@link takeAttached} has them.
   * Only where `bytes` is true. @default false
   */
  readonly attaches?: boolean;
  /** @internal Gets what was written as bytes, in the order of the text. See {@link stringifyPlainBytes}. */
  readonly written?: object[];
}

/** From this size on, bytes are attached. Why not less: each message with bytes behind it has an object and a Buffer more. */
export const ATTACHED_FROM_BYTES = 4096;

/** See {@link StringifyOptions.bytes}. */
export type BytesForm = boolean | 'refuse';

/** The default of `maxDepth`, for reading and writing. */
export const DEFAULT_MAX_DEPTH = 256;

/** An object that determines what is written in its place. */
interface Convertible {
  readonly toMDSF?: unknown;
  readonly toJSON?: unknown;
}

const objectPrototype: unknown = Object.prototype;

/**
 * Writes a value as MDSF text, as short as possible, without a raw NUL, CR or LF.
 *
 * Like `JSON.stringify`, it leaves functions and symbols out of objects, and writes null for them in arrays, as for NaN and
 * the infinities. Unlike it, `undefined` within an array is kept, `toMDSF(key)` is preferred to `toJSON(key)`, and a
 * Node Buffer becomes a base64 string, or bytes where the option `bytes` says so. A top-level undefined, function or symbol
 * is written as `undefined`.
 * @throws {MdsfStringifyError} for a cycle, for nesting deeper than `maxDepth`, for a bigint, for refused bytes, and for bytes
 *   whose memory is gone. But for the depth, it says where: `at [0].price`
 * @example
 * stringify({ name: 'Marcus', tags: ['a', undefined] }); // {name:'Marcus',tags:['a',undefined]}
 */
export function stringify(value: unknown, options?: StringifyOptions): string {
  const maxDepth = options?.maxDepth ?? DEFAULT_MAX_DEPTH;
  const large = writeLarge?.(value, maxDepth);
  if (large !== undefined) {
    // What a getter has left there is not of this text.
    lastAttached = undefined;
    return large;
  }
  // A `toJSON` may call this function again, so that a writer serves one call at a time. One that throws is dropped.
  const writer = idleWriter ?? new Writer();
  idleWriter = undefined;
  const text = writer.writeRoot(value, maxDepth, options);
  idleWriter = writer;
  // Also where there is nothing, for the same reason.
  lastAttached = writer.takeAttached();
  return text;
}

/** Writes a large value; undefined: it does not. @param maxDepth - how deep it may be nested */
type LargeWriter = (value: unknown, maxDepth: number) => string | undefined;

let writeLarge: LargeWriter | undefined;

/** Writes large values by a faster writer from now on. Why not always: a page need not load that one. */
export function useLargeWriter(writer: LargeWriter): void {
  writeLarge = writer;
}

/**
 * Writes bytes as for a peer that takes none, without their `toMDSF` or `toJSON`: a text in their place was written already.
 * @throws {MdsfStringifyError} as {@link stringify}
 */
export function stringifyPlainBytes(bytes: object): string {
  return new Writer().writeConverted(bytes);
}

let idleWriter: Writer | undefined;
let lastAttached: readonly Uint8Array[] | undefined;

/**
 * The bytes that the last {@link stringify} has left out, in the order of its text; undefined: it has left out none.
 * Views, not copies. Call it behind each that may leave out some.
 */
export function takeAttached(): readonly Uint8Array[] | undefined {
  const attached = lastAttached;
  if (attached) lastAttached = undefined;
  return attached;
}

class Writer {
  private maxDepth = DEFAULT_MAX_DEPTH;
  private bytes: BytesForm = false;
  private attaches = false;
  private attached: Uint8Array[] | undefined;
  private written: object[] | undefined;
  private readonly ancestors: object[] = [];
  /** Whether Object.prototype has members that somebody added, which `for in` would give, too. */
  private seesInherited = false;

  writeRoot(value: unknown, maxDepth: number, options: StringifyOptions | undefined): string {
    this.maxDepth = maxDepth;
    this.bytes = options?.bytes ?? false;
    this.attaches = options?.attaches === true;
    this.written = options?.written;
    this.seesInherited = isPrototypeExtended();
    const converted = convert(value, '');
    const text = isOmitted(converted) ? 'undefined' : this.write(converted);
    this.written = undefined;
    return text;
  }

  /** The text of an object with all defaults. */
  writeConverted(object: object): string {
    this.seesInherited = isPrototypeExtended();
    return this.writeNested(object);
  }

  /** The text of a value, after its conversion. The value must not be one that is left out. */
  private write(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return quote(value);
      case 'number':
        return numberText(value);
      case 'boolean':
        return value ? 'true' : 'false';
      case 'object':
        return value === null ? 'null' : this.writeNested(value);
      case 'undefined':
        return 'undefined';
      case 'bigint':
        throw this.unwritable(
          'ERR_MDSF_BIGINT',
          'A bigint',
          value,
          'cannot be written: send a string or a number',
        );
      default:
        return 'null';
    }
  }

  private writeNested(value: object): string {
    const { ancestors } = this;
    const depth = ancestors.length;
    for (let i = depth - 1; i >= 0; i--) {
      if (ancestors[i] === value)
        throw this.unwritable('ERR_MDSF_CYCLE', 'A value', value, 'contains itself');
    }
    if (depth >= this.maxDepth) {
      throw new MdsfStringifyError('ERR_MDSF_DEPTH', `A value is nested deeper than ${this.maxDepth} levels`);
    }
    ancestors.push(value);
    const text = Array.isArray(value) ? this.writeArray(value) : this.writeObject(value);
    ancestors.pop();
    return text;
  }

  private writeArray(array: readonly unknown[]): string {
    const { length } = array;
    if (length === 0) return '[]';
    const uniform = uniformText(array);
    if (uniform !== undefined) return uniform;
    let text = '[';
    for (let i = 0; i < length; i++) {
      const element = array[i];
      if (typeof element === 'string' && isClean(element))
        text = text + (i === 0 ? "'" : ",'") + element + "'";
      else text = (i === 0 ? text : text + ',') + this.writeElement(element, i);
    }
    return text + ']';
  }

  private writeElement(element: unknown, index: number): string {
    return this.write(
      typeof element === 'object' || typeof element === 'bigint' ? convert(element, index) : element,
    );
  }

  private writeObject(object: object): string {
    const prototype: unknown = Object.getPrototypeOf(object);
    const isPlain = prototype === objectPrototype || prototype === null;
    if (!isPlain) {
      const special = isBytes(object) ? this.bytesText(object) : specialText(object, this);
      if (special !== undefined) return special;
    }
    const members = object as Record<string, unknown>;
    let text = '';
    if (isPlain && !this.seesInherited) {
      // Why `for in`: it is much faster than an array of the keys.
      for (const key in members) text = this.addMember(text, key, members[key]);
    } else {
      for (const key of Object.keys(members)) text = this.addMember(text, key, members[key]);
    }
    return text === '' ? '{}' : text + '}';
  }

  private addMember(text: string, key: string, value: unknown): string {
    if (typeof value === 'string' && isClean(value)) {
      const prefix = memberPrefix(key);
      return (text === '' ? prefix.firstOfString : text + prefix.textOfString) + value + "'";
    }
    const member = typeof value === 'object' || typeof value === 'bigint' ? convert(value, key) : value;
    if (isOmitted(member)) return text;
    const prefix = memberPrefix(key);
    return (text === '' ? prefix.first : text + prefix.text) + this.write(member);
  }

  /** The text of bytes; undefined where they are written by their keys. */
  private bytesText(object: ArrayBufferView | ArrayBufferLike): string | undefined {
    if (hasLostMemory(object)) throw this.unwritableBytes('ERR_MDSF_DETACHED', object, MEMORY_IS_GONE);
    if (this.bytes === false) return specialText(object, this);
    const bytes = this.bytes === true ? bytesOf(object) : undefined;
    if (bytes !== undefined) {
      this.written?.push(object);
      return BYTES_QUOTE + this.bytesBody(bytes) + BYTES_QUOTE;
    }
    const why = 'cannot be written here';
    throw this.unwritableBytes('ERR_MDSF_BYTES', object, why);
  }

  private bytesBody(bytes: Uint8Array): string {
    if (!this.attaches || bytes.length < ATTACHED_FROM_BYTES) return encodeBase64(bytes);
    (this.attached ??= []).push(bytes);
    return ATTACHED_MARK + bytes.length;
  }

  /** Takes what was attached. @throws {MdsfStringifyError} where its memory has gone since, by a `toJSON` behind it */
  takeAttached(): readonly Uint8Array[] | undefined {
    const { attached } = this;
    if (attached === undefined) return undefined;
    this.attached = undefined;
    if (attached.some(({ length }) => length === 0))
      throw this.unwritable('ERR_MDSF_DETACHED', 'Bytes', attached, MEMORY_IS_GONE);
    return attached;
  }

  private unwritableBytes(code: MdsfStringifyErrorCode, bytes: object, why: string): Error {
    // The bytes are the last of these.
    this.ancestors.pop();
    return this.unwritable(code, 'Bytes', bytes, why);
  }

  /** Makes the error of a value that cannot be written, where it is: `A bigint at [0].price cannot be written` */
  private unwritable(code: MdsfStringifyErrorCode, what: string, value: unknown, why: string): Error {
    const path = pathOf(this.ancestors, value);
    return new MdsfStringifyError(code, `${what}${path && ` at ${path}`} ${why}`);
  }

  /** The text of a boxed primitive's value. */
  writePrimitive(value: unknown): string {
    return this.write(value);
  }
}

function numberText(number: number): string {
  if (Number.isSafeInteger(number)) return integerText(number);
  return Number.isFinite(number) ? '' + number : 'null';
}

function isOmitted(value: unknown): boolean {
  return value === undefined || typeof value === 'function' || typeof value === 'symbol';
}

/** Returns what is written in the place of a value: the result of its `toMDSF` or `toJSON`, which a bigint may have, too. */
function convert(value: unknown, key: string | number): unknown {
  if ((typeof value !== 'object' && typeof value !== 'bigint') || value === null) return value;
  const { toMDSF } = value as Convertible;
  if (typeof toMDSF === 'function') return Reflect.apply(toMDSF, value, [String(key)]) as unknown;
  const { toJSON } = value as Convertible;
  if (typeof toJSON !== 'function' || isBuffer(value)) return value;
  return Reflect.apply(toJSON, value, [String(key)]) as unknown;
}

/** The text of an object that is not written by its keys: a boxed primitive, a Buffer, a long typed array. */
function specialText(object: object, writer: Writer): string | undefined {
  if (object instanceof Number) return writer.writePrimitive(Number(object));
  if (object instanceof String) return quote(String(object));
  if (object instanceof Boolean || object instanceof BigInt) return writer.writePrimitive(object.valueOf());
  const buffer: unknown = object;
  if (isBuffer(buffer)) return "'" + buffer.toString('base64') + "'";
  return isLongView(object) ? JSON.stringify(object) : undefined;
}

/** Whether an object is a long typed array of numbers. Why: written key by key, it would take ten times as long. */
function isLongView(object: object): boolean {
  if (!ArrayBuffer.isView(object)) return false;
  const { length, 0: first } = object as unknown as ArrayLike<unknown>;
  return length >= LARGE && typeof first === 'number';
}

/** A Buffer of Node or of a bundler. */
interface BufferLike {
  toString(encoding: 'base64'): string;
}

/** Whether a value is a Buffer, found by its class, since a browser has no global `Buffer`. */
function isBuffer(value: unknown): value is BufferLike {
  if (!ArrayBuffer.isView(value)) return false;
  const { isBuffer: test } = value.constructor as { isBuffer?: unknown };
  return typeof test === 'function' && Reflect.apply(test, undefined, [value]) === true;
}
