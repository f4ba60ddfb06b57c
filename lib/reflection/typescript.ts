import type {
  ApplicationDescription,
  ArgumentDescription,
  InterfaceDescription,
  MemberDescription,
  MethodDescription,
} from './application-description.js';
import { definitionCycles } from './definition-cycles.js';
import { commentOfSchema, isObject, refsAtTop, SchemaPrinter, type TypeNames } from './typescript-schema.js';
import { commentOf, indent, memberName, Names, tagOf } from './typescript-text.js';

/**
 * Prints the contract of an application as TypeScript: an interface as `JstpClient<Chat>` takes it, and the types that it uses.
 * All texts of the description are a stranger's: whatever they are, they become names, literals and comments, and no code. What
 * is not as the format has it is left out.
 * @example writeFileSync('chat.ts', typesOf(await client.proxy<Reflection>('jstp.reflection').describe()));
 */
export function typesOf(description: ApplicationDescription): string {
  const definitions = Object.entries(isObject(description.definitions) ? description.definitions : {});
  const names = new Names();
  const contract = names.ofType(textOf(description.name), 'Application');
  const types = new Map(definitions.map(([name]) => [name, names.ofType(name, 'Definition')]));
  const interfaces = Object.entries(isObject(description.interfaces) ? description.interfaces : {});
  const printer = new SchemaPrinter(types);
  const members = interfaces.map(([name, given]) => interfaceText(name, given as unknown, printer));
  const declarations = declarationsOf(definitions, types);
  return [
    `${headOf(description)}export interface ${contract} {\n${indent(members.join(''))}}\n`,
    ...declarations,
  ].join('\n');
}

function headOf({ name, version, description, wildcards }: ApplicationDescription): string {
  const title = `The application ${textOf(name)} ${textOf(version)}, as it describes itself.`;
  const more = patternsText(isObject(wildcards) ? Object.keys(wildcards) : []);
  return commentOf([title, ...more, ...(typeof description === 'string' ? ['', description] : [])]);
}

/** What is said of events under many names, which a contract has not. */
function patternsText(patterns: readonly string[]): string[] {
  return patterns.length > 0 ? [`Clients may also emit events by the patterns ${patterns.join(', ')}.`] : [];
}

function declarationsOf(definitions: readonly (readonly [string, unknown])[], types: TypeNames): string[] {
  const schemas = new Map(definitions);
  // A type may not be defined by itself without an object or an array around it, also not by way of others.
  const cycles = definitionCycles(schemas.keys(), (name) => refsAtTop(schemas.get(name)));
  return definitions.map(([name, schema]) => {
    const printer = new SchemaPrinter(types, (other) => cycles.get(other) === cycles.get(name));
    return commentOfSchema(schema) + printer.declare(types.get(name) ?? 'never', schema);
  });
}

function interfaceText(name: string, given: unknown, printer: SchemaPrinter): string {
  if (!isObject(given)) return '';
  const { description, methods, events, emits } = given as Partial<InterfaceDescription>;
  const entries = Object.entries(isObject(events) ? events : {});
  const isPattern = (event: unknown): boolean => isObject(event) && event['wildcard'] === true;
  const plain = entries.filter(([, event]) => !isPattern(event));
  const patterns = entries.filter(([, event]) => isPattern(event)).map(([pattern]) => pattern);
  const groups = [
    groupText('methods', methods, (method: MethodDescription) => resultText(method, printer), printer),
    groupText('events', Object.fromEntries(plain), () => 'void', printer),
    groupText('emits', emits, () => 'void', printer),
  ].join('');
  return `${commentOf([description, ...patternsText(patterns)])}${memberName(name)}: {\n${indent(groups || 'methods: object;\n')}};\n`;
}

function groupText<Member extends MemberDescription>(
  group: string,
  given: Readonly<Record<string, Member>> | undefined,
  resultOf: (member: Member) => string,
  printer: SchemaPrinter,
): string {
  const members = Object.entries(isObject(given) ? given : {})
    .filter((entry): entry is [string, Member] => isObject(entry[1]))
    .map(([name, member]) => memberText(name, member, resultOf(member), printer));
  return members.length > 0 ? `${group}: {\n${indent(members.join(''))}};\n` : '';
}

function memberText(name: string, member: MemberDescription, result: string, printer: SchemaPrinter): string {
  const given = Array.isArray(member.arguments) ? member.arguments.filter(isObject) : undefined;
  const parameters = given as readonly ArgumentDescription[] | undefined;
  const names = new Names([]);
  const named = parameters?.map(({ name }, index) => names.ofParameter(name, `arg${index}`)) ?? [];
  const firstOptional = parameters?.findIndex(({ optional }) => optional === true) ?? -1;
  const list = parameters?.map((parameter, index) => {
    const mark = firstOptional >= 0 && index >= firstOptional ? '?' : '';
    const type = printer.print(parameter.schema);
    return `${named[index]}${mark}: ${parameter.streams === true ? `AsyncIterable<${type}>` : type}`;
  }) ?? ['...args: unknown[]'];
  const tags = [
    ...(parameters ?? []).flatMap(({ description }, index) =>
      typeof description === 'string' ? [tagOf('param', `${named[index]} - ${description}`)] : [],
    ),
    ...tagsOf(member),
  ];
  return `${commentOf([member.description], tags)}${memberName(name)}(${list.join(', ')}): ${result};\n`;
}

function tagsOf({ deprecated, since }: MemberDescription): string[] {
  const tags: string[] = [];
  if (typeof since === 'string') tags.push(tagOf('since', since));
  if (deprecated === true || typeof deprecated === 'string') tags.push(tagOf('deprecated', deprecated));
  return tags;
}

function resultText({ result, streams }: MethodDescription, printer: SchemaPrinter): string {
  if (streams === true) return `AsyncIterable<${printer.print(result)}>`;
  return result === false ? 'void' : printer.print(result);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
