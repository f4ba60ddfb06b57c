import type { ApplicationLike } from '../application/application.js';
import type { ClientOptions, Connection, ConnectPolicyFunction } from '../connection/connection.js';
import { CORE_EXTENSIONS } from '../connection/extensions.js';
import { CLIENT_ENTRIES } from '../transport/client-entries.js';
import { toLogText } from '../util/log-text.js';
import { parseAddress, type Address } from './address.js';
import { CliError } from './cli-error.js';
import type { Invocation } from './command.js';
import { findLogin, type Login } from './credentials.js';
import { dialArguments } from './dial-arguments.js';
import { parseDuration } from './duration.js';
import { EXIT } from './exit-codes.js';
import { connectError } from './failures.js';
import { flagOption, textOption } from './options.js';
import { trafficLogger } from './traffic-logger.js';

/** How a command wants its connection. */
export interface DialOptions {
  /** What the server may call here. @default nothing */
  readonly application?: ApplicationLike<Connection>;
  /** Whether a lost connection comes back by itself. @default false: it ends */
  readonly comesBack?: boolean;
  /** Milliseconds between pings. @default none */
  readonly heartbeatMs?: number | undefined;
}

/** A server that can be dialled again, as it was the first time. */
export interface Server {
  readonly address: Address;
  dial(options?: DialOptions): Promise<Connection>;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** How long a closed connection may take to end: a peer that never ends its half must not hold the command. */
const HANG_UP_MS = 1000;

/** Connects to the server of the first argument. The caller hangs up. */
export async function dial(invocation: Invocation, options?: DialOptions): Promise<Connection> {
  return (await serverOf(invocation, invocation.positionals[0])).dial(options);
}

/** Reads an address and what the options say about it; asks for the password where there is one to ask for. */
export async function serverOf({ values, io, output, signal }: Invocation, text: string): Promise<Server> {
  const address = parseAddress(text, textOption(values, 'app'));
  const timeoutMs = timeoutOption(values) ?? CONNECT_TIMEOUT_MS;
  const args = await dialArguments(values, address, io, output);
  const login = await findLogin(values, address.login, io);
  const logger = flagOption(values, 'verbose') ? trafficLogger(output) : undefined;
  const dialOnce = (options: DialOptions = {}): Promise<Connection> => {
    const client: ClientOptions = {
      connectPolicy: policyOf(login),
      // With `bye`, the session ends with the command, and does not stay at the server for an hour.
      extensions: [...CORE_EXTENSIONS, 'bye'],
      limits: { connectTimeoutMs: timeoutMs, handshakeTimeoutMs: timeoutMs },
      signal,
      ...(options.application && { application: options.application }),
      ...(options.comesBack !== true && { reconnector: (connection) => connection.close() }),
      ...(options.heartbeatMs !== undefined && { heartbeatInterval: options.heartbeatMs }),
      ...(logger && { logger }),
    };
    return connectTo(address, args, client, signal, login.kind !== 'anonymous');
  };
  return { address, dial: dialOnce };
}

/** The time that `--timeout` gives. */
export function timeoutOption(values: Invocation['values']): number | undefined {
  const text = textOption(values, 'timeout');
  return text === undefined ? undefined : parseDuration(text, 'timeout');
}

/** Ends a connection, and waits until its socket is closed. */
export async function hangUp(connection: Connection): Promise<void> {
  if (connection.state.name === 'closed') return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, HANG_UP_MS);
    connection.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    connection.close();
  });
}

async function connectTo(
  { transport, app, shown }: Address,
  args: readonly unknown[],
  client: ClientOptions,
  signal: AbortSignal,
  isLogin: boolean,
): Promise<Connection> {
  const interrupted = new Promise<never>((_, reject) => {
    const fail = (): void => reject(new CliError(EXIT.SIGINT, 'Interrupted'));
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
  interrupted.catch(() => undefined);
  try {
    const connection = await Promise.race([
      CLIENT_ENTRIES[transport].connect(app, client, ...args),
      interrupted,
    ]);
    // Errors of calls are told where they are made.
    return connection.on('error', () => undefined);
  } catch (error) {
    throw connectError(error, toLogText(shown), isLogin);
  }
}

function policyOf(login: Login): ConnectPolicyFunction {
  return (app, connection, session, callback) => {
    const done = (error: unknown, opened?: Parameters<typeof callback>[2]): void => {
      callback(error, connection, opened);
    };
    if (session) connection.handshake(app, session, null, done);
    else if (login.kind === 'strategy') connection.authenticate(app, login.strategy, login.credentials, done);
    else if (login.kind === 'login') connection.handshake(app, login.name, login.password, done);
    else connection.handshake(app, null, null, done);
  };
}
