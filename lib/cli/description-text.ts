import type {
  ApplicationDescription,
  ArgumentDescription,
  InterfaceDescription,
  JsonSchema,
  MemberDescription,
  MethodDescription,
} from '../reflection/application-description.js';
import { toLogText } from '../util/log-text.js';
import type { Style } from './style.js';

const MAX_TYPE_LENGTH = 80;
const MAX_TYPE_DEPTH = 4;
const MAX_DESCRIPTION_LENGTH = 200;

/** What a server says of itself, for people. All of it is the server's: none of it is printed as it is. */
export function descriptionText(description: ApplicationDescription, style: Style): string {
  const { name, version, interfaces, handshakes, wildcards = {} } = description;
  const title = style.strong(version === '' ? plain(name) : `${plain(name)}@${plain(version)}`);
  const strategies = handshakes.map(({ strategy }) => plain(strategy)).join(', ');
  return [
    title + remarkOf(description.description, style),
    ...(strategies === '' ? [] : [`  log in by ${strategies}`]),
    ...Object.entries(interfaces).flatMap(([each, members]) => interfaceLines(each, members, style)),
    ...Object.keys(wildcards).map((pattern) => `  event ${plain(pattern)}`),
  ].join('\n');
}

function interfaceLines(
  name: string,
  { description, methods, events, emits }: InterfaceDescription,
  style: Style,
): string[] {
  const line = (kind: string, each: string, rest: string, member: MemberDescription): string => {
    const old = member.deprecated === undefined ? '' : style.bad(' deprecated');
    return `  ${style.faint(kind)} ${plain(each)}${rest}${old}${remarkOf(member.description, style)}`;
  };
  return [
    style.key(plain(name)) + remarkOf(description, style),
    ...Object.entries(methods).map(([each, method]) => line('method ', each, signatureOf(method), method)),
    ...Object.entries(events).map(([each, event]) =>
      line('takes  ', each, argumentsText(event.arguments), event),
    ),
    ...Object.entries(emits).map(([each, event]) =>
      line('emits  ', each, argumentsText(event.arguments), event),
    ),
  ];
}

function signatureOf({ arguments: args, result, streams }: MethodDescription): string {
  const returned =
    result === undefined ? (streams ? 'stream' : '') : `${streams ? 'stream of ' : ''}${typeText(result)}`;
  return argumentsText(args) + (returned === '' ? '' : `: ${returned}`);
}

function argumentsText(args: readonly ArgumentDescription[] | undefined): string {
  if (args === undefined) return '';
  const texts = args.map(({ name, schema, optional, streams }, index) => {
    const type = schema === undefined ? '' : `: ${streams ? 'stream of ' : ''}${typeText(schema)}`;
    return `${plain(name ?? `argument${index}`)}${optional ? '?' : ''}${type}`;
  });
  return `(${texts.join(', ')})`;
}

/** A short form of a schema, near to TypeScript. */
function typeText(schema: JsonSchema): string {
  const text = typeOf(schema, MAX_TYPE_DEPTH);
  return text.length > MAX_TYPE_LENGTH ? `${text.slice(0, MAX_TYPE_LENGTH - 3)}...` : text;
}

function typeOf(schema: unknown, depth: number): string {
  if (schema === false) return 'nothing';
  if (typeof schema !== 'object' || schema === null || depth === 0) return 'any';
  const {
    type,
    items,
    properties,
    enum: values,
    $ref,
    anyOf,
    oneOf,
    required,
    'x-jstp-type': own,
  } = schema as Record<string, unknown>;
  if (typeof own === 'string') return plain(own);
  if (typeof $ref === 'string') return plain($ref.slice($ref.lastIndexOf('/') + 1));
  if (Array.isArray(values))
    return values
      .slice(0, 20)
      .map((value) => plain(JSON.stringify(value) as string | undefined))
      .join(' | ');
  const variants = anyOf ?? oneOf;
  if (Array.isArray(variants))
    return variants
      .slice(0, 20)
      .map((variant) => typeOf(variant, depth - 1))
      .join(' | ');
  if (type === 'array' || items !== undefined) return `${typeOf(items, depth - 1)}[]`;
  if (typeof properties === 'object' && properties !== null) {
    const needed = Array.isArray(required) ? (required as unknown[]) : [];
    const members = Object.entries(properties)
      .slice(0, 20)
      .map(
        ([name, member]) => `${plain(name)}${needed.includes(name) ? '' : '?'}: ${typeOf(member, depth - 1)}`,
      );
    return `{ ${members.join(', ')} }`;
  }
  if (Array.isArray(type)) return type.map((each) => plain(each)).join(' | ');
  return typeof type === 'string' ? plain(type) : 'any';
}

function remarkOf(description: string | undefined, style: Style): string {
  if (description === undefined || description === '') return '';
  // The first line says the most.
  const [line] = description.split('\n', 1);
  return style.faint(`  ${toLogText(line, MAX_DESCRIPTION_LENGTH)}`);
}

function plain(text: unknown): string {
  return toLogText(String(text));
}
