import type { Deserializer, Serializer } from '@nestjs/microservices';
import { Buffer } from 'node:buffer';
import { bytesOf, hasLostMemory, isBytes, MdsfStringifyError, MEMORY_IS_GONE } from '../../mdsf/index.js';
import { JstpError } from '../../protocol/jstp-error.js';
import type { Limits } from '../../protocol/limits.js';
import { withoutStacks } from '../../util/without-stacks.js';
import { JstpArgs } from '../jstp-args.js';
import { checkFlat } from './flat-values.js';
import { isCarried, isConvertible, isErrorLike, isExtended, tagOf } from './extended-value.js';

/** The key of an object that stands for a value with such types. */
const KEY = '$extended';

/** The part of the package devalue that is used. */
interface Devalue {
  stringify(value: unknown, reducers?: Record<string, (value: unknown) => unknown>): string;
  unflatten(parsed: number | unknown[], revivers?: Record<string, (value: never) => unknown>): unknown;
}

/** The limits that concern reading and writing. */
type TypeLimits = Pick<Limits, 'maxDepth' | 'maxMessageNodes'>;

/** What a packet of Nest has besides the rest. */
interface Packet {
  readonly data?: unknown;
  readonly response?: unknown;
}

/** An Error, as it is written. */
interface WrittenError {
  readonly name: unknown;
  readonly message: unknown;
}

const ERRORS: Readonly<Record<string, (new (message: string) => Error) | undefined>> = {
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
};

/** Boxed primitives, which devalue knows. */
const BOXES = new Set(['Number', 'String', 'Boolean', 'BigInt']);

const REDUCERS = {
  Bytes: (value: unknown): unknown => {
    if (!isObject(value) || !isBytes(value)) return undefined;
    if (hasLostMemory(value)) throw new MdsfStringifyError('ERR_MDSF_DETACHED', `Bytes ${MEMORY_IS_GONE}`);
    const bytes = bytesOf(value);
    return bytes && [Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')];
  },
  Error: (value: unknown): unknown => isObject(value) && isErrorLike(value) && writtenError(value),
  // What is left out of plain messages.
  As: (value: unknown): unknown => {
    if (typeof value === 'function' || typeof value === 'symbol') return [undefined];
    return isObject(value) && !isCarried(value) && isConvertible(value) && [converted(value)];
  },
  Plain: (value: unknown): unknown =>
    isObject(value) && isInstance(value) && Object.fromEntries(Object.entries(value)),
};

const REVIVERS = {
  Bytes: ([text]: readonly unknown[]): unknown => {
    if (typeof text !== 'string') throw new TypeError('Bytes are no text of base64');
    return Buffer.from(text, 'base64');
  },
  Error: readError,
  As: ([value]: readonly unknown[]): unknown => value,
  Plain: (value: unknown): unknown => value,
};

/**
 * Carries values that plain messages do not, by the package devalue: the option `types: 'extended'`. A value that has none
 * of them goes as ever, another one as `{ $extended: text }`.
 */
export class ExtendedTypes {
  /** Is settled when the package is loaded; rejects where it is missing. */
  readonly ready: Promise<void>;
  private devalue: Devalue | undefined;

  /** @param load loads the package */
  constructor(
    private readonly limits: TypeLimits,
    load: () => Promise<unknown> = () => import('devalue'),
  ) {
    this.ready = load().then(
      (devalue) => {
        this.devalue = devalue as Devalue;
      },
      (cause: unknown) => {
        const text =
          "types: 'extended' needs the package devalue, which cannot be loaded: npm install devalue";
        throw new JstpError('ERR_JSTP_PACKAGE_MISSING', text, { cause });
      },
    );
    // Who listens or connects is told.
    this.ready.catch(() => undefined);
  }

  /** What makes the data of a client's packets. */
  readonly clientSerializer: Serializer = {
    serialize: (packet: Packet) => this.whenReady(() => ({ ...packet, data: this.written(packet.data) })),
  };

  /** What reads the responses to a client. */
  readonly clientDeserializer: Deserializer = {
    deserialize: (packet: Packet) =>
      this.whenReady(() =>
        'response' in packet ? { ...packet, response: this.read(packet.response) } : packet,
      ),
  };

  /** What makes the responses of a server. */
  readonly serverSerializer: Serializer = {
    serialize: (packet: Packet) =>
      this.whenReady(() =>
        'response' in packet ? { ...packet, response: this.written(packet.response) } : packet,
      ),
  };

  /** What reads the data of a server's packets. */
  readonly serverDeserializer: Deserializer = {
    deserialize: (packet: Packet) => this.whenReady(() => ({ ...packet, data: this.read(packet.data) })),
  };

  /** Whether the package is loaded. */
  get isReady(): boolean {
    return this.devalue !== undefined;
  }

  private whenReady<T>(run: () => T): T | Promise<T> {
    return this.devalue ? run() : this.ready.then(run);
  }

  /** What goes over the wire in the place of a value, or of each of several. */
  private written(value: unknown): unknown {
    return value instanceof JstpArgs
      ? JstpArgs.of(...(value as JstpArgs).values.map((element: unknown) => this.writtenOne(element)))
      : this.writtenOne(value);
  }

  private writtenOne(value: unknown): unknown {
    // What looks like such an object must not be read as one.
    const looksSo = isMarked(value) || (Array.isArray(value) && value.some(isMarked));
    if (!isExtended(value, this.limits.maxDepth) && !looksSo) return value;
    return { [KEY]: this.devalue?.stringify(value, REDUCERS) };
  }

  /** A value that has come, or each of several. */
  private read(value: unknown): unknown {
    if (isMarked(value)) return this.readOne(value[KEY]);
    return Array.isArray(value) && value.some(isMarked)
      ? value.map((element: unknown) => (isMarked(element) ? this.readOne(element[KEY]) : element))
      : value;
  }

  private readOne(text: string): unknown {
    const flat = checkFlat(text, this.limits.maxMessageNodes);
    const value = withoutStacks(() => this.devalue?.unflatten(flat, REVIVERS));
    // As deep as a message may be.
    isExtended(value, this.limits.maxDepth);
    return value;
  }
}

function isMarked(value: unknown): value is Record<typeof KEY, string> {
  if (!isObject(value) || Array.isArray(value) || typeof (value as Record<string, unknown>)[KEY] !== 'string')
    return false;
  return Object.keys(value).length === 1 && Object.hasOwn(value, KEY);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Whether an object is neither plain nor of a kind that devalue knows. */
function isInstance(value: object): boolean {
  if (Array.isArray(value) || isCarried(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null;
  return (!isPlain && !BOXES.has(tagOf(value))) || Object.getOwnPropertySymbols(value).length > 0;
}

function converted(value: object): unknown {
  const { toJSON, toMDSF } = value as { readonly toJSON?: unknown; readonly toMDSF?: unknown };
  return Reflect.apply((typeof toMDSF === 'function' ? toMDSF : toJSON) as () => unknown, value, ['']);
}

/** Without its stack, which is nobody else's business. */
function writtenError(error: Error): WrittenError {
  const { name, message } = error;
  const cause = 'cause' in error ? { cause: error.cause } : {};
  return { ...Object.fromEntries(Object.entries(error)), ...cause, name, message };
}

function readError(written: unknown): Error {
  if (!isObject(written)) throw new TypeError('An Error is no object');
  const { name, message, stack: _stack, ...rest } = written as Record<string, unknown>;
  const known = typeof name === 'string' && Object.hasOwn(ERRORS, name) ? ERRORS[name] : undefined;
  const error = new (known ?? Error)(typeof message === 'string' ? message : '');
  if (!known && typeof name === 'string')
    Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  for (const [key, value] of Object.entries(rest))
    Object.defineProperty(error, key, {
      value,
      enumerable: key !== 'cause',
      configurable: true,
      writable: true,
    });
  return error;
}
