import { parse, stringify } from '../mdsf/index.js';
import { ERR_CALLBACK_LOST, ERR_INTERNAL_API_ERROR, GENERIC_ERROR_CODE } from '../protocol/error-codes.js';
import { ignore } from '../util/callback.js';
import { RemoteError } from '../protocol/remote-error.js';

const INTERNAL_SERVER_ERROR = 'Internal server error';
const NO_MESSAGE = 'Error';

/**
 * Makes the array of an error as the wire has it: `[code, message, value]` for a Nest peer, else `[code, message]`. A
 * RemoteError keeps its own array `[code, message, ...info]`; where a Nest peer would mistake that for a value of
 * Nest's, a null is added, which {@link fromWireError} removes. Never throws. The result can always be sent: a value
 * that cannot be sent is left out.
 *
 * @param value what Nest's filters made of the error: the object of an RpcException, `{ status, message }`...
 * @param withValue whether the peer takes Nest's value (the extension `nest` was agreed)
 * @param code the code where the value has none, for example 12 or 14 for a missing handler
 * @param onUnsendable called with the reason why a value is left out
 */
export function toWireError(
  value: unknown,
  withValue: boolean,
  code?: number,
  onUnsendable: (cause: unknown) => void = ignore,
): unknown[] {
  if (value instanceof RemoteError) return ownArrayOf(value, withValue, onUnsendable);
  const shown = shownOf(value);
  const head = [codeOf(shown) ?? code ?? defaultCodeOf(shown), messageOf(shown)];
  if (!withValue) return head;
  return sendable([...head, value ?? null], onUnsendable) ?? head;
}

/**
 * Returns what a caller gets for the error of a call: the Nest value that a Nest peer has sent, the RemoteError that
 * its handler has thrown, or the error as it is.
 *
 * @param error what the callback of the core got: a RemoteError, or the number -1 for a lost call
 * @param nestAgreed whether the peer sends Nest's values (the extension `nest` was agreed)
 */
export function fromWireError(error: unknown, nestAgreed: boolean): unknown {
  if (!nestAgreed || !(error instanceof RemoteError) || !looksLikeNest(error)) return error;
  const { code, message, info } = error;
  return info.length === 1 ? info[0] : new RemoteError(code, message, info.slice(0, -1));
}

function ownArrayOf(error: RemoteError, toNest: boolean, onUnsendable: (cause: unknown) => void): unknown[] {
  const array = RemoteError.getJstpArrayFor(error);
  try {
    const arriving = RemoteError.fromJstpArray(parse(stringify(array)) as unknown[]);
    return toNest && looksLikeNest(arriving) ? [...array, null] : array;
  } catch (cause) {
    onUnsendable(cause);
    return [ERR_INTERNAL_API_ERROR];
  }
}

/** Whether an error carries a value of Nest's, which has the same message; or is a RemoteError with an added null. */
function looksLikeNest(error: RemoteError): error is RemoteError & { info: unknown[] } {
  if (!error.info) return false;
  const [value, ...rest] = error.info;
  return messageOf(value) === error.message && rest.every((item) => item === null);
}

/** Returns the part of a value that the peer may see: what JSON shows of it. */
function shownOf(value: unknown): unknown {
  try {
    const { toJSON } = Object(value) as { toJSON?: unknown };
    return typeof toJSON === 'function' ? (Reflect.apply(toJSON, value, ['']) as unknown) : value;
  } catch {
    return undefined;
  }
}

function codeOf(shown: unknown): number | undefined {
  const code = fieldOf(shown, 'code');
  if (!Number.isSafeInteger(code) || code === 0) return undefined;
  // Why never -1: it would mean to the peer that the answer was lost, and the peer may call again.
  return code === ERR_CALLBACK_LOST ? GENERIC_ERROR_CODE : (code as number);
}

function defaultCodeOf(shown: unknown): number {
  return messageOf(shown) === INTERNAL_SERVER_ERROR ? ERR_INTERNAL_API_ERROR : GENERIC_ERROR_CODE;
}

function messageOf(shown: unknown): string {
  const message = typeof shown === 'string' ? shown : fieldOf(shown, 'message');
  return typeof message === 'string' && message !== '' ? message : NO_MESSAGE;
}

/** Returns an own enumerable field. Why: the message of an Error is not enumerable, and must not go to the peer. */
function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    const isShown = Object.prototype.propertyIsEnumerable.call(value, name);
    return isShown ? (value as Record<string, unknown>)[name] : undefined;
  } catch {
    return undefined;
  }
}

function sendable(array: unknown[], onUnsendable: (cause: unknown) => void): unknown[] | undefined {
  try {
    stringify(array);
    return array;
  } catch (cause) {
    onUnsendable(cause);
    return undefined;
  }
}
