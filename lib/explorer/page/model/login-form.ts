import type { PageLogin } from '../../../browser.js';
import type { ArgumentsReading } from './arguments.js';
import type { ArgumentEntry, StrategyEntry } from './catalogue.js';
import { recordOf } from './untrusted.js';

/** The choice for a strategy whose name is typed. */
export const OTHER = '*';

const ALL: readonly StrategyEntry[] = ['login', 'anonymous', OTHER].map((strategy) => ({
  strategy,
  description: undefined,
  credentials: undefined,
  schema: undefined,
}));

const ANY_CREDENTIALS = {
  anyOf: [
    { title: 'a text', type: 'string', format: 'password' },
    { title: 'a list of texts', type: 'array', minItems: 1, items: { type: 'string', format: 'password' } },
    { title: 'another value' },
  ],
};

/** The fields for the credentials of a strategy. */
export function credentialFields(entry: StrategyEntry | undefined): readonly ArgumentEntry[] {
  if (entry?.credentials) return entry.credentials;
  const schema = entry?.schema ?? ANY_CREDENTIALS;
  return [{ name: 'credentials', description: undefined, schema, isOptional: false, streams: false }];
}

/** The ways to log in that a form offers: those of the application, or all where they are not known. */
export function offeredStrategies(known: readonly StrategyEntry[] | undefined): readonly StrategyEntry[] {
  if (!known || known.length === 0) return ALL;
  // '*' takes every strategy, and so these two.
  const isOpen = known.some(({ strategy }) => strategy === OTHER);
  const missing = isOpen
    ? ALL.filter(({ strategy }) => !known.some((each) => each.strategy === strategy))
    : [];
  return [...known, ...missing];
}

/** What a strategy is called in a list. */
export function strategyLabel(strategy: string): string {
  const names: Readonly<Record<string, string>> = {
    login: 'Name and password',
    anonymous: 'Anonymous',
    [OTHER]: 'Another strategy',
  };
  return Object.hasOwn(names, strategy) ? (names[strategy] ?? strategy) : strategy;
}

/** What somebody has logged in to the last time, and how; without any secret. */
export interface LastLogin {
  readonly app: string;
  readonly version: string;
  readonly strategy: string;
}

/** Reads what was kept of the last login; undefined: nothing that can be used. */
export function readLastLogin(text: string | null): LastLogin | undefined {
  try {
    const { app, version, strategy } = recordOf(JSON.parse(text ?? ''));
    if (typeof app === 'string' && typeof version === 'string' && typeof strategy === 'string')
      return { app, version, strategy };
  } catch {
    // Somebody else has written it.
  }
  return undefined;
}

/** The application with which a form begins: that of the last login, or the first one; -1: there is none. */
export function firstApplication(
  offered: readonly { readonly name: string; readonly version: string }[],
  last: LastLogin | undefined,
): number {
  const known = offered.findIndex(({ name, version }) => name === last?.app && version === last.version);
  return known === -1 ? Math.min(0, offered.length - 1) : known;
}

/**
 * The strategy with which a form begins: that of the last login, or the first one of those that tell who logs in. Why: a
 * server that lets in strangers as well shows them less.
 */
export function firstStrategy(strategies: readonly StrategyEntry[], last: string | undefined): string {
  const names = strategies.map(({ strategy }) => strategy);
  if (last !== undefined && names.includes(last)) return last;
  return names.find((name) => name !== 'anonymous' && name !== OTHER) ?? names.at(0) ?? 'anonymous';
}

/** What was filled in. */
export interface LoginFields {
  readonly strategy: string;
  readonly name: string;
  readonly password: string;
  /** The name of another strategy. */
  readonly other: string;
  /** The credentials as they were read. */
  readonly credentials: ArgumentsReading;
}

/** How to log in, of what was filled in; a text says what is missing. */
export function readLogin(fields: LoginFields, entry: StrategyEntry | undefined): PageLogin | null | string {
  const { strategy, name, password, credentials } = fields;
  if (strategy === 'anonymous') return null;
  if (strategy === 'login') return name === '' ? 'A name is missing' : { name, password };
  const chosen = strategy === OTHER ? fields.other.trim() : strategy;
  if (chosen === '' || chosen === 'session') return 'The name of the strategy is missing';
  const problem = credentials.problems.at(0);
  if (problem) return `${problem.path.join('.') || 'Credentials'}: ${problem.message}`;
  // What is described are the elements of an array; else there is one field, for the value itself.
  return { strategy: chosen, credentials: entry?.credentials ? credentials.args : credentials.args[0] };
}
