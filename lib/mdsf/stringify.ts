import { isJsonEligible, isLarge } from './json-eligible.js';
import { escapeLineSeparators, memberPrefix, quote } from './quote.js';
import { MdsfStringifyError } from './stringify-error.js';

/** How a value is written. */
export interface StringifyOptions {
  /** How deep arrays and objects may be nested. @default 256 */
  readonly maxDepth?: number;
}

/** How deep arrays and objects may be nested where nothing else is said. */
export const DEFAULT_MAX_DEPTH = 256;

/** Objects that say themselves what to write. */
interface Convertible {
  readonly toMDSF?: unknown;
  readonly toJSON?: unknown;
}

const objectPrototype: unknown = Object.prototype;

/**
 * A value as MDSF text, without a raw NUL, CR or LF, as short as it can be. Like `JSON.stringify`, but:
 * `undefined` within an array is kept, `toMDSF(key)` goes before `toJSON(key)`, a Node Buffer is a
 * base64 string. Functions and symbols are left out of objects and null in arrays, NaN and the
 * infinities are null. A top-level undefined, function or symbol is `undefined`.
 * @throws {MdsfStringifyError} for a cycle, for nesting beyond `maxDepth`, for a bigint
 */
export function stringify(value: unknown, options?: StringifyOptions): string {
  if (typeof value === 'string') return quote(value);
  const writer = new Writer(options?.maxDepth ?? DEFAULT_MAX_DEPTH);
  if (isLarge(value) && isJsonEligible(value, writer.maxDepth, [])) {
    return escapeLineSeparators(JSON.stringify(value));
  }
  return writer.writeRoot(value);
}

class Writer {
  readonly maxDepth: number;
  private readonly ancestors: object[] = [];

  constructor(maxDepth: number) {
    this.maxDepth = maxDepth;
  }

  writeRoot(value: unknown): string {
    const converted = convert(value, '');
    return isOmitted(converted) ? 'undefined' : this.write(converted);
  }

  /** Text of a value that is converted and not to be left out. */
  private write(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return quote(value);
      case 'number':
        // -0 is '0', as JSON has it.
        return value - value === 0 ? '' + value : 'null';
      case 'boolean':
        return value ? 'true' : 'false';
      case 'object':
        return value === null ? 'null' : this.writeNested(value);
      case 'undefined':
        return 'undefined';
      case 'bigint':
        throw new MdsfStringifyError('ERR_MDSF_BIGINT', 'A bigint cannot be written: send a string or a number');
      default:
        return 'null';
    }
  }

  private writeNested(value: object): string {
    const { ancestors } = this;
    const depth = ancestors.length;
    for (let i = depth - 1; i >= 0; i--) {
      if (ancestors[i] === value) throw new MdsfStringifyError('ERR_MDSF_CYCLE', 'A value contains itself');
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
    let text = '[';
    let last: unknown;
    for (let i = 0; i < length; i++) {
      if (i !== 0) text += ',';
      last = array[i];
      text += typeof last === 'object' || typeof last === 'bigint' ? this.write(convert(last, i)) : this.write(last);
    }
    return text + ']';
  }

  private writeObject(object: object): string {
    const prototype: unknown = Object.getPrototypeOf(object);
    if (prototype !== objectPrototype && prototype !== null) {
      const special = specialText(object, this);
      if (special !== undefined) return special;
    }
    const members = object as Record<string, unknown>;
    let text = '';
    for (const key in members) {
      let member = members[key];
      if (typeof member === 'object' || typeof member === 'bigint') member = convert(member, key);
      if (isOmitted(member) || !Object.hasOwn(object, key)) continue;
      text = text + memberPrefix(key) + this.write(member);
    }
    return text === '' ? '{}' : '{' + text.slice(1) + '}';
  }

  /** Text of what a boxed primitive holds. */
  writePrimitive(value: unknown): string {
    return this.write(value);
  }
}

function isOmitted(value: unknown): boolean {
  return value === undefined || typeof value === 'function' || typeof value === 'symbol';
}

/** What an object with `toMDSF` or `toJSON` (a bigint may have one, too) wants to be written as. */
function convert(value: unknown, key: string | number): unknown {
  if ((typeof value !== 'object' && typeof value !== 'bigint') || value === null) return value;
  const { toMDSF } = value as Convertible;
  if (typeof toMDSF === 'function') return Reflect.apply(toMDSF, value, [String(key)]) as unknown;
  const { toJSON } = value as Convertible;
  if (typeof toJSON !== 'function' || isBuffer(value)) return value;
  return Reflect.apply(toJSON, value, [String(key)]) as unknown;
}

/** Text of an object that is more than its keys: a boxed primitive, a Buffer. */
function specialText(object: object, writer: Writer): string | undefined {
  if (object instanceof Number) return writer.writePrimitive(Number(object));
  if (object instanceof String) return quote(String(object));
  if (object instanceof Boolean || object instanceof BigInt) return writer.writePrimitive(object.valueOf());
  const buffer: unknown = object;
  return isBuffer(buffer) ? "'" + buffer.toString('base64') + "'" : undefined;
}

/** A Buffer of Node (or of a bundler), found without its global. */
interface BufferLike {
  toString(encoding: 'base64'): string;
}

function isBuffer(value: unknown): value is BufferLike {
  if (!(value instanceof Uint8Array)) return false;
  const { isBuffer: test } = value.constructor as { isBuffer?: unknown };
  return typeof test === 'function' && Reflect.apply(test, undefined, [value]) === true;
}
