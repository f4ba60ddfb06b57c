/** The reserved interface by which an application describes itself. */
export const REFLECTION_INTERFACE = 'jstp.reflection';

/** The version of the format of {@link ApplicationDescription} that this package writes and reads. */
export const DESCRIPTION_FORMAT = 1;

/** Where `$ref` of a schema points to, before the name: `'#/definitions/Order'`. */
export const DEFINITIONS = '#/definitions/';

/**
 * A JSON Schema of the dialect 2020-12. Each `$ref` in it points to a member of the description's `definitions`:
 * `'#/definitions/Name'`. `true`: any value. `false`: there is no value (a method that answers nothing). The keyword
 * `x-jstp-type` names what JSON has no type for: `'bytes'`, and, where the server has `types: 'extended'`, `'Date'`, `'bigint'`,
 * `'Map'`, `'Set'`, `'RegExp'`, `'URL'` and `'Error'`.
 */
export type JsonSchema = boolean | Readonly<Record<string, unknown>>;

/**
 * An application as it describes itself, by `jstp.reflection.describe()`. All of it is plain data, and all texts and names are
 * the server's: who shows them takes them for text, never for markup.
 */
export interface ApplicationDescription {
  /** The version of this format. */
  readonly format: typeof DESCRIPTION_FORMAT;
  /** The application's name, without a version. */
  readonly name: string;
  /** The application's semver version. */
  readonly version: string;
  /** What the application is for: plain text or Markdown, as everywhere below. */
  readonly description?: string;
  /** The interfaces, by name. */
  readonly interfaces: Readonly<Record<string, InterfaceDescription>>;
  /** The ways to log in. */
  readonly handshakes: readonly HandshakeDescription[];
  /**
   * Events that clients may emit under many names, in several interfaces: by their patterns, as `@EventPattern` takes them, of
   * the interface's and the event's name with a dot between them. @default none
   */
  readonly wildcards?: Readonly<Record<string, EventDescription>>;
  /** The schemas that `$ref` names. @default none */
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
}

/** A named group of methods and events. */
export interface InterfaceDescription {
  /** What the interface is for. */
  readonly description?: string;
  /** The methods that clients may call, by name. */
  readonly methods: Readonly<Record<string, MethodDescription>>;
  /** The events that clients may emit to the server, by name. */
  readonly events: Readonly<Record<string, EventDescription>>;
  /** The events that the server emits to clients, by name, as far as they are declared. */
  readonly emits: Readonly<Record<string, EventDescription>>;
}

/** What methods and events have in common. */
export interface MemberDescription {
  /** What it does. */
  readonly description?: string;
  /** Set for what should not be used any more: true, or what to use in its place. */
  readonly deprecated?: true | string;
  /** The version of the application that has it first. */
  readonly since?: string;
  /** The arguments, in order. Absent: they are not known. Empty: there are none. */
  readonly arguments?: readonly ArgumentDescription[];
}

/** A method. */
export interface MethodDescription extends MemberDescription {
  /** Set where a call that is made twice does no more than a call that is made once. */
  readonly idempotent?: true;
  /** The schema of the result; of one value, where `streams` is set. Absent: it is not known. `false`: there is none. */
  readonly result?: JsonSchema;
  /** Set where the method answers with many values, one by one. */
  readonly streams?: true;
}

/** An event. */
export interface EventDescription extends MemberDescription {
  /** Set where the name is a pattern with wildcards, which stands for many names. */
  readonly wildcard?: true;
}

/** An argument of a method or event, or a part of a handshake's credentials. */
export interface ArgumentDescription {
  /** The name of the parameter, for people. Arguments are told apart by their positions. */
  readonly name?: string;
  /** What the argument means. */
  readonly description?: string;
  /** The schema of the argument; of one value, where `streams` is set. Absent: it is not known. */
  readonly schema?: JsonSchema;
  /** Set where callers may leave it out. Those behind it are optional, too. */
  readonly optional?: true;
  /** Set where the argument is a stream of values. */
  readonly streams?: true;
}

/** A way to log in. */
export interface HandshakeDescription {
  /** 'anonymous', 'login', one of the application's own, or '*' for all that are not listed. */
  readonly strategy: string;
  /** What the strategy is for. */
  readonly description?: string;
  /** The elements of the array of credentials. Absent: they are not known. Empty: there are none. */
  readonly credentials?: readonly ArgumentDescription[];
  /** The schema of all credentials together, in the place of {@link credentials}. */
  readonly schema?: JsonSchema;
}

/** An application that a server serves, by `jstp.reflection.applications()`. */
export interface ServedApplication {
  /** The application's name, without a version. */
  readonly name: string;
  /** The application's semver version. */
  readonly version: string;
}
