import { listMethods } from '../connection/client-control.js';
import type { Connection } from '../connection/connection.js';
import { ERR_INTERFACE_NOT_FOUND, ERR_METHOD_NOT_FOUND } from '../protocol/error-codes.js';
import { RemoteError } from '../protocol/remote-error.js';
import {
  DESCRIPTION_FORMAT,
  REFLECTION_INTERFACE,
  type ApplicationDescription,
  type InterfaceDescription,
} from '../reflection/application-description.js';
import { CliError, usageError } from './cli-error.js';
import type { Invocation } from './command.js';
import { EXIT } from './exit-codes.js';
import { dial, hangUp, timeoutOption } from './dial.js';
import { readDescription } from './read-description.js';

/** How long a server may take to describe itself. */
const DESCRIBE_MS = 10_000;

/** Asks a server's application what it offers; only for some of its interfaces, where names are given. */
export async function describe(
  invocation: Invocation,
  names: readonly string[],
): Promise<ApplicationDescription> {
  const connection = await dial(invocation);
  try {
    const described = await askDescription(connection, invocation);
    if (described === undefined) return await describeByNames(connection, names, invocation);
    if (names.length === 0) return described;
    const kept = new Map<string, InterfaceDescription>();
    for (const name of names) {
      // A description has neither reserved interfaces, as `jstp.administration`, nor those of which only names are known.
      const isDescribed = Object.hasOwn(described.interfaces, name);
      kept.set(name, isDescribed ? described.interfaces[name] : await inspected(connection, name));
    }
    return { ...described, interfaces: Object.fromEntries(kept) };
  } finally {
    await hangUp(connection);
  }
}

/** What an application says of itself; undefined where it does not describe itself to this client. */
export async function askDescription(
  connection: Connection,
  { values, signal }: Pick<Invocation, 'values' | 'signal'>,
): Promise<ApplicationDescription | undefined> {
  try {
    const timeout = timeoutOption(values) ?? DESCRIBE_MS;
    return readDescription(
      await connection.callMethod(REFLECTION_INTERFACE, 'describe', [], { timeout, signal }),
    );
  } catch (error) {
    const isAbsent =
      error instanceof RemoteError &&
      (error.code === ERR_INTERFACE_NOT_FOUND || error.code === ERR_METHOD_NOT_FOUND);
    if (isAbsent) return undefined;
    throw error;
  }
}

/** The names of an interface's methods, by introspection, which every server has. */
export function methodNames(connection: Connection, interfaceName: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    listMethods(connection, interfaceName, (error, methods = []) => {
      if (error) reject(error);
      else resolve(methods);
    });
  });
}

/** The names of methods as an interface's description. */
export function interfaceOfNames(methods: readonly string[]): InterfaceDescription {
  return { methods: Object.fromEntries(methods.map((name) => [name, {}])), events: {}, emits: {} };
}

async function describeByNames(
  connection: Connection,
  names: readonly string[],
  { positionals }: Invocation,
): Promise<ApplicationDescription> {
  if (names.length === 0) {
    const text = 'This server does not describe itself to this client';
    throw usageError(
      text,
      `Name the interfaces to look into, as in: nestjs-jstp inspect ${positionals[0]} rooms`,
    );
  }
  const interfaces = new Map<string, InterfaceDescription>();
  for (const name of names) {
    interfaces.set(name, await inspected(connection, name));
  }
  const { application, version } = connection.session?.binding ?? { application: '', version: undefined };
  return {
    format: DESCRIPTION_FORMAT,
    name: application,
    version: version ?? '',
    interfaces: Object.fromEntries(interfaces),
    handshakes: [],
  };
}

async function inspected(connection: Connection, name: string): Promise<InterfaceDescription> {
  try {
    return interfaceOfNames(await methodNames(connection, name));
  } catch (error) {
    if (error instanceof RemoteError && error.code === ERR_INTERFACE_NOT_FOUND)
      throw noInterface(name, error);
    throw error;
  }
}

function noInterface(name: string, cause?: RemoteError): CliError {
  return new CliError(EXIT.remote, `There is no interface ${JSON.stringify(name)}`, undefined, { cause });
}
