import { arrayOf, own, recordOf, textOf, type Unknowns } from './untrusted.js';

/** What an argument, or a part of credentials, is like. */
export interface ArgumentEntry {
  readonly name: string;
  readonly description: string | undefined;
  /** Undefined: not known. */
  readonly schema: unknown;
  readonly isOptional: boolean;
  readonly streams: boolean;
}

/** A method ('method'), an event that the server takes ('event'), or one that it emits ('emits'). */
export interface MemberEntry {
  readonly kind: 'method' | 'event' | 'emits';
  readonly interfaceName: string;
  readonly name: string;
  readonly description: string | undefined;
  /** Why it should not be used any more; an empty text: no reason is given. */
  readonly deprecated: string | undefined;
  readonly since: string | undefined;
  /** Undefined: not known. */
  readonly args: readonly ArgumentEntry[] | undefined;
  readonly isIdempotent: boolean;
  /** The schema of the result; undefined: not known. */
  readonly result: unknown;
  readonly streams: boolean;
  /** Whether the name of an event is a pattern, which stands for many names. */
  readonly isPattern: boolean;
}

/** The name of what stands for events of any interface, whose patterns are of the interface's name, too. */
export const ANY_INTERFACE = '(any interface)';

/** An interface with its members. */
export interface InterfaceEntry {
  readonly name: string;
  readonly description: string | undefined;
  readonly members: readonly MemberEntry[];
}

/** A way to log in. */
export interface StrategyEntry {
  readonly strategy: string;
  readonly description: string | undefined;
  /** The elements of the array of credentials. Undefined: not known. */
  readonly credentials: readonly ArgumentEntry[] | undefined;
  /** The schema of all credentials together, where it is known in the place of their elements. */
  readonly schema: unknown;
}

/** What is known of an application. */
export interface Catalogue {
  readonly name: string;
  readonly version: string;
  readonly description: string | undefined;
  readonly interfaces: readonly InterfaceEntry[];
  readonly strategies: readonly StrategyEntry[];
  readonly definitions: Unknowns;
  /** Whether the server has described it; else names alone are known, by inspects. */
  readonly isDescribed: boolean;
  /** Whether the description was too large to be shown as a whole. */
  readonly isCut: boolean;
}

/** How many members of all interfaces are shown. */
const MAX_MEMBERS = 5000;
const MAX_ARGUMENTS = 100;
const MAX_NAME_LENGTH = 300;

/** An application of which nothing is known. */
export function emptyCatalogue(name: string, version: string): Catalogue {
  return {
    name,
    version,
    description: undefined,
    interfaces: [],
    strategies: [],
    definitions: {},
    isDescribed: false,
    isCut: false,
  };
}

/** Reads the answer of `jstp.reflection.describe()`. Whatever it lacks, or has of a wrong type, counts as not known. */
export function readDescription(description: unknown): Catalogue {
  const {
    name,
    version,
    description: text,
    interfaces,
    handshakes,
    definitions,
    wildcards,
  } = recordOf(description);
  const room = { members: MAX_MEMBERS };
  const entries = Object.entries(recordOf(interfaces)).map(([each, value]) =>
    readInterface(each, recordOf(value), room),
  );
  entries.push(readInterface(ANY_INTERFACE, { events: wildcards }, room));
  return {
    name: textOf(name, MAX_NAME_LENGTH) ?? '',
    version: textOf(version, MAX_NAME_LENGTH) ?? '',
    description: textOf(text),
    interfaces: entries.filter(({ members }) => members.length > 0).sort(byName),
    strategies: readStrategies(handshakes),
    definitions: recordOf(definitions),
    isDescribed: true,
    isCut: room.members < 0,
  };
}

/** Reads ways to log in, of a description or of the page's settings. */
export function readStrategies(handshakes: unknown): StrategyEntry[] {
  return arrayOf(handshakes)
    .slice(0, MAX_ARGUMENTS)
    .map(recordOf)
    .flatMap(({ strategy, description, credentials, schema }) => {
      const name = textOf(strategy, MAX_NAME_LENGTH);
      if (name === undefined || name === 'session') return [];
      return [
        { strategy: name, description: textOf(description), credentials: readArguments(credentials), schema },
      ];
    });
}

/** A catalogue with an interface more, of which names alone are known. */
export function withInspected(
  catalogue: Catalogue,
  interfaceName: string,
  methods: readonly string[],
): Catalogue {
  const members = methods
    .slice(0, MAX_MEMBERS)
    .map((name) => readMember('method', interfaceName, name, {}))
    .sort(byName);
  const entry: InterfaceEntry = { name: interfaceName, description: undefined, members };
  const others = catalogue.interfaces.filter(({ name }) => name !== interfaceName);
  return { ...catalogue, interfaces: [...others, entry].sort(byName) };
}

/** The interfaces with the members in which all words of a query occur, in names or descriptions. */
export function search(catalogue: Catalogue, query: string): readonly InterfaceEntry[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return catalogue.interfaces;
  return catalogue.interfaces
    .map((entry) => ({ ...entry, members: entry.members.filter((member) => hasWords(member, words)) }))
    .filter(({ members }) => members.length > 0);
}

/** Finds a member again, as after a reload or in the history. */
export function findMember(
  catalogue: Catalogue,
  { kind, interfaceName, name }: Pick<MemberEntry, 'kind' | 'interfaceName' | 'name'>,
): MemberEntry | undefined {
  const entry = catalogue.interfaces.find((each) => each.name === interfaceName);
  return entry?.members.find((member) => member.kind === kind && member.name === name);
}

/** A member that was typed by hand. */
export function unknownMember(kind: MemberEntry['kind'], interfaceName: string, name: string): MemberEntry {
  return readMember(kind, interfaceName, name, {});
}

function hasWords({ interfaceName, name, description = '' }: MemberEntry, words: readonly string[]): boolean {
  const text = `${interfaceName}.${name} ${description}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function readInterface(name: string, value: Unknowns, room: { members: number }): InterfaceEntry {
  const kinds = [
    ['method', value['methods']],
    ['event', value['events']],
    ['emits', value['emits']],
  ] as const;
  const members = kinds.flatMap(([kind, named]) => {
    const entries = Object.entries(recordOf(named));
    const fitting = entries.slice(0, Math.max(0, room.members));
    room.members -= entries.length;
    return fitting.map(([each, member]) => readMember(kind, name, each, recordOf(member))).sort(byName);
  });
  return { name, description: textOf(value['description']), members };
}

function readMember(
  kind: MemberEntry['kind'],
  interfaceName: string,
  name: string,
  value: Unknowns,
): MemberEntry {
  const deprecated = value['deprecated'];
  return {
    kind,
    interfaceName,
    name,
    description: textOf(value['description']),
    deprecated: deprecated === true ? '' : textOf(deprecated),
    since: textOf(value['since'], MAX_NAME_LENGTH),
    args: readArguments(value['arguments']),
    isIdempotent: value['idempotent'] === true,
    result: own(value, 'result'),
    streams: value['streams'] === true,
    isPattern: value['wildcard'] === true || interfaceName === ANY_INTERFACE,
  };
}

function readArguments(value: unknown): readonly ArgumentEntry[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return arrayOf(value)
    .slice(0, MAX_ARGUMENTS)
    .map((each, index) => {
      const { name, description, schema, optional, streams } = recordOf(each);
      return {
        name: textOf(name, MAX_NAME_LENGTH) ?? `argument ${index + 1}`,
        description: textOf(description),
        schema,
        isOptional: optional === true,
        streams: streams === true,
      };
    });
}

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : Number(one.name > other.name);
}
