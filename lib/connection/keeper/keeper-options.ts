import {
  check,
  checkNames,
  isInteger,
  isObject,
  isString,
  isText,
  MAX_TIMER_MS,
} from '../../protocol/option-checks.js';
import type { Limits } from '../../protocol/limits.js';
import type { Session } from '../../session/session.js';
import type { Callback } from '../../util/callback.js';
import { splitVersionedName } from '../../util/versioned-name.js';
import type { ApplicationLike } from '../../application/application.js';
import type {
  AppSpecifier,
  ClientOptions,
  Connection,
  ConnectPolicyFunction,
  Reconnector,
} from '../connection.js';
import type { ExtensionName } from '../extensions.js';
import { parseAppSpecifier } from '../handshake/client-handshake.js';

/** How a client reconnects by itself after its connection was lost. Attempts that callers cause do not count here. */
export interface ReconnectOptions {
  /**
   * Milliseconds before the second attempt (the first is made at once); each further one waits twice as long, less a
   * random half, and for the first `resumeTimeoutMs` (3 s at least, 30 s at most) no longer than 400 ms. @default 100
   */
  readonly minDelayMs?: number;
  /** Longest time between two attempts later on, in milliseconds. @default 10000 */
  readonly maxDelayMs?: number;
}

/** What a client does with calls and events while its connection is lost. */
export type OfflineMode = 'wait' | 'fail';

/** The delays before attempts to reconnect, in milliseconds. */
export interface ReconnectDelays {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

/** What a keeper gives to {@link KeptEntry.connect}: all that its connections need, checked. */
export interface KeptClient extends ClientOptions {
  readonly application: ApplicationLike<Connection>;
  readonly connectPolicy: ConnectPolicyFunction;
  readonly heartbeatInterval: number;
  readonly limits: Limits;
  readonly extensions: readonly ExtensionName[];
  readonly reconnector: Reconnector;
}

/** Connects as a transport's entry object does. The last of the arguments is the callback. */
export interface KeptEntry {
  /** Connects, and logs in by the client's policy; the callback gets the connection. */
  connect(app: AppSpecifier, client: KeptClient, ...args: unknown[]): unknown;
  /** Moves a connection to a new transport and resumes its session there. */
  reconnect(connection: Connection, ...args: unknown[]): unknown;
}

/** The address of a server, and how to dial it. */
export interface KeptAddress {
  readonly entry: KeptEntry;
  /** The arguments with the address, for the entry's `connect`. */
  readonly args: readonly unknown[];
  /** Returns these arguments at each dial; undefined where they are always the same. */
  readonly dialArguments: (() => Promise<readonly unknown[]>) | undefined;
  /** The address for logs, without user and password. */
  readonly shown: string;
}

/** Logs a fresh connection in, and calls back with its session. */
export type LogIn = (connection: Connection, done: Callback<[session?: Session<Connection> | null]>) => void;

/** What the keeper of a client's connection needs to know. */
export interface KeeperOptions {
  readonly app: AppSpecifier;
  readonly address: KeptAddress;
  readonly heartbeatInterval: number;
  readonly limits: Limits;
  readonly resumeTimeoutMs: number;
  readonly offline: OfflineMode;
  /** When to dial in the background; undefined: never. */
  readonly reconnect: ReconnectDelays | undefined;
  /** Runs before a connection is dialled that will log in; the attempt fails with what it throws. */
  readonly prepareLogin?: () => Promise<void>;
  /** Logs a fresh connection in. */
  readonly logIn: LogIn;
}

const DEFAULT_DELAYS: ReconnectDelays = { minDelayMs: 100, maxDelayMs: 10_000 };

const RECONNECT_NAMES = Object.keys({
  minDelayMs: true,
  maxDelayMs: true,
} satisfies Record<keyof ReconnectOptions, true>);

/**
 * The delays that hold; undefined: the client does not reconnect by itself.
 * @throws ConfigurationError for a value that is not allowed
 */
export function resolveReconnect(given: boolean | ReconnectOptions = true): ReconnectDelays | undefined {
  if (given === false) return undefined;
  if (given === true) return DEFAULT_DELAYS;
  check('reconnect', given, 'a boolean, or { minDelayMs, maxDelayMs }', isObject);
  checkNames('reconnect', given, RECONNECT_NAMES);
  const {
    minDelayMs = DEFAULT_DELAYS.minDelayMs,
    maxDelayMs = Math.max(minDelayMs, DEFAULT_DELAYS.maxDelayMs),
  } = given;
  check(
    'reconnect.minDelayMs',
    minDelayMs,
    `an integer from 1 to ${MAX_TIMER_MS}`,
    isInteger(1, MAX_TIMER_MS),
  );
  check(
    'reconnect.maxDelayMs',
    maxDelayMs,
    `an integer from reconnect.minDelayMs (${minDelayMs}) to ${MAX_TIMER_MS}`,
    isInteger(minDelayMs, MAX_TIMER_MS),
  );
  return { minDelayMs, maxDelayMs };
}

/**
 * Checks what all clients have of {@link KeeperOptions}.
 * @throws ConfigurationError for a value that is not allowed
 */
export function checkKeeping({
  app,
  resumeTimeoutMs,
  offline,
}: Pick<KeeperOptions, 'app' | 'resumeTimeoutMs' | 'offline'>): void {
  check(
    'app',
    app,
    "'name', 'name@range' or { name, version }, the range in semver's syntax",
    isAppSpecifier,
  );
  check(
    'resumeTimeoutMs',
    resumeTimeoutMs,
    `an integer from 0 to ${MAX_TIMER_MS}, or Infinity`,
    (value) => value === Infinity || isInteger(0, MAX_TIMER_MS)(value),
  );
  check('offline', offline, "'wait' or 'fail'", (value) => value === 'wait' || value === 'fail');
}

function isAppSpecifier(value: unknown): boolean {
  const isName = isText(value) || (isObject(value) && isText((value as { name?: unknown }).name));
  if (!isName) return false;
  try {
    const { version } = isString(value)
      ? { version: splitVersionedName(value)[1] }
      : (value as { version?: unknown });
    // Why no empty version: it is the slip of a text with a missing variable, and would mean the newest one.
    return parseAppSpecifier(value as AppSpecifier).name !== '' && version !== '';
  } catch {
    return false;
  }
}
