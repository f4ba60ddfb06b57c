import {
  DESCRIPTION_FORMAT,
  type ApplicationDescription,
  type ArgumentDescription,
  type InterfaceDescription,
  type JsonSchema,
  type MethodDescription,
} from '../reflection/application-description.js';
import { CliError } from './cli-error.js';
import { EXIT } from './exit-codes.js';

/**
 * Reads what a server says of itself. What is not as the format has it is left out: the server may be anybody's.
 * @throws CliError for what is no description, or one of another format
 */
export function readDescription(value: unknown): ApplicationDescription {
  if (!isObject(value) || !isObject(value['interfaces']))
    throw new CliError(EXIT.remote, 'The server describes itself in a form that cannot be read');
  if (value['format'] !== DESCRIPTION_FORMAT)
    throw new CliError(
      EXIT.remote,
      'The server describes itself in another format',
      'Use the nestjs-jstp of its version.',
    );
  const handshakes = listOf(value['handshakes'], (each) => ({
    strategy: text(each['strategy']) ?? '',
    ...only({ description: text(each['description']), credentials: argumentsOf(each['credentials']) }),
  }));
  return {
    format: DESCRIPTION_FORMAT,
    name: text(value['name']) ?? '',
    version: text(value['version']) ?? '',
    ...only({ description: text(value['description']) }),
    interfaces: tableOf(value['interfaces'], interfaceOf),
    handshakes: handshakes.filter(({ strategy }) => strategy !== ''),
    ...only({
      wildcards: isObject(value['wildcards']) ? tableOf(value['wildcards'], memberOf) : undefined,
      definitions: isObject(value['definitions']) ? schemasOf(value['definitions']) : undefined,
    }),
  };
}

function interfaceOf(given: Record<string, unknown>): InterfaceDescription {
  return {
    ...only({ description: text(given['description']) }),
    methods: tableOf(given['methods'], methodOf),
    events: tableOf(given['events'], memberOf),
    emits: tableOf(given['emits'], memberOf),
  };
}

function methodOf(given: Record<string, unknown>): MethodDescription {
  return {
    ...memberOf(given),
    ...only({
      idempotent: flag(given['idempotent']),
      result: schema(given['result']),
      streams: flag(given['streams']),
    }),
  };
}

function memberOf(given: Record<string, unknown>): MethodDescription {
  const { deprecated } = given;
  return only({
    description: text(given['description']),
    deprecated: deprecated === true ? true : text(deprecated),
    since: text(given['since']),
    arguments: argumentsOf(given['arguments']),
  });
}

function argumentsOf(given: unknown): ArgumentDescription[] | undefined {
  if (!Array.isArray(given)) return undefined;
  return listOf(given, (each) =>
    only({
      name: text(each['name']),
      description: text(each['description']),
      schema: schema(each['schema']),
      optional: flag(each['optional']),
      streams: flag(each['streams']),
    }),
  );
}

function schemasOf(given: Record<string, unknown>): Record<string, JsonSchema> {
  const schemas = Object.entries(given).flatMap(([name, each]) => {
    const known = schema(each);
    return known === undefined ? [] : [[name, known] as const];
  });
  return Object.fromEntries(schemas);
}

/** The members of an object that are objects. */
function tableOf<T>(given: unknown, read: (member: Record<string, unknown>) => T): Record<string, T> {
  if (!isObject(given)) return {};
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, member]) =>
      isObject(member) ? [[name, read(member)] as const] : [],
    ),
  );
}

/** The elements of an array; those that are no objects count as empty ones, so that the others keep their places. */
function listOf<T>(given: unknown, read: (element: Record<string, unknown>) => T): T[] {
  return Array.isArray(given) ? (given as unknown[]).map((each) => read(isObject(each) ? each : {})) : [];
}

/** What of an object is there. */
function only<T extends object>(members: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const known = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function flag(value: unknown): true | undefined {
  return value === true ? true : undefined;
}

function schema(value: unknown): JsonSchema | undefined {
  return typeof value === 'boolean' || isObject(value) ? value : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}
