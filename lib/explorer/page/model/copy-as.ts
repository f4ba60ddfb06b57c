import { base64Of, bytesIn } from './bytes.js';
import { quoteText, writeLine } from './value-text.js';

/** How the page has logged in, without its secrets. */
export type ShownLogin =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'login'; readonly name: string }
  | { readonly kind: 'strategy'; readonly strategy: string };

/** A call or event that is to be made elsewhere. */
export interface Copied {
  readonly url: string;
  /** The origin of the page. The server lets it in, and perhaps no client that names none. */
  readonly origin: string;
  readonly app: string;
  readonly login: ShownLogin;
  readonly kind: 'method' | 'event' | 'emits';
  readonly interfaceName: string;
  readonly name: string;
  readonly args: readonly unknown[];
  /** Whether the method answers with many values. */
  readonly streams: boolean;
  /** The positions of arguments that stream. */
  readonly streamArguments: readonly number[];
}

const IDENTIFIER = /^[A-Za-z$_][\w$]*$/;

/** A program in TypeScript that does the same, by JstpClient. Secrets come from its environment. */
export function copyAsCode(copied: Copied): string {
  const names = [copied.interfaceName, copied.name].map((each) => literal(each));
  const args = copied.args.map((value, index) =>
    copied.streamArguments.includes(index) ? `values${index + 1}()` : literal(value),
  );
  const generators = copied.streamArguments.map(
    (index) => `async function* values${index + 1}() {\n  yield 'a value';\n}\n\n`,
  );
  return [
    ...importsOf(copied),
    ...generators,
    `const client = new JstpClient({\n${clientOptions(copied)}});\n`,
    'try {\n',
    ...body(copied, names, args).map((line) => `  ${line}\n`),
    '} finally {\n  await client.close();\n}\n',
  ].join('');
}

/** A line for a shell that does the same, by `nestjs-jstp`. Secrets are asked for there. */
export function copyAsCommand(copied: Copied): string {
  const { app, kind, interfaceName, name, login } = copied;
  const command = { method: 'call', event: 'emit', emits: 'listen' }[kind];
  const values = kind === 'emits' ? [] : copied.args.map((value) => writeLine(value, Infinity));
  const options =
    login.kind === 'login'
      ? ['--login', login.name]
      : login.kind === 'strategy'
        ? ['--strategy', login.strategy]
        : [];
  // What begins with a minus is no option behind `--`.
  const isOdd = [`${interfaceName}.${name}`, ...values].some((value) => value.startsWith('-'));
  const words = [
    ...options,
    '--origin',
    copied.origin,
    ...(isOdd ? ['--'] : []),
    addressOf(copied.url, app),
    `${interfaceName}.${name}`,
    ...values,
  ];
  return ['npx nestjs-jstp', command, ...words.map(quoteForShell)].join(' ');
}

/** What a terminal acts on, or shows as something else, but for blanks and ends of lines. */
const ACTED_ON = /(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** A word that a POSIX shell takes as it is; one with control characters, bash and zsh. */
export function quoteForShell(word: string): string {
  if (word !== '' && /^[\w@%+=:,./^-]+$/.test(word)) return word;
  // A terminal acts on control characters of what is pasted, also within quotes: a server's name could run a command.
  if (ACTED_ON.test(word)) return `$'${escapedForShell(word)}'`;
  // Readable, where it can be: a text of MDSF has quotes of its own.
  if (word.includes("'") && !/["$`\\!\n]/.test(word)) return `"${word}"`;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function escapedForShell(word: string): string {
  const all = new RegExp(ACTED_ON, 'gu');
  return word
    .replace(/[\\']/g, '\\$&')
    .replace(all, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A value as TypeScript writes it. */
export function literal(value: unknown): string {
  const bytes = bytesIn(value);
  if (bytes) return `Buffer.from('${base64Of(bytes)}', 'base64')`;
  if (typeof value === 'string') return quoteText(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map((each) => literal(each)).join(', ')}]`;
  const members = Object.entries(value).map(([key, each]) => `${memberName(key)}: ${literal(each)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

/** In a literal `__proto__: x` would be the prototype, but not a name in brackets. */
function memberName(key: string): string {
  if (key === '__proto__') return "['__proto__']";
  return IDENTIFIER.test(key) ? key : quoteText(key);
}

function clientOptions({ url, origin, app, login }: Copied): string {
  const options = [
    `url: ${literal(url)}`,
    `connectOptions: { origin: ${literal(origin)} }`,
    `app: ${literal(app)}`,
  ];
  if (login.kind === 'login')
    options.push(`login: ${literal(login.name)}`, 'password: process.env.JSTP_PASSWORD');
  if (login.kind === 'strategy')
    options.push(
      `strategy: ${literal(login.strategy)}`,
      "credentials: JSON.parse(process.env.JSTP_CREDENTIALS ?? 'null')",
    );
  return options.map((option) => `  ${option},\n`).join('');
}

function body({ kind, streams }: Copied, names: string[], args: string[]): string[] {
  const all = [...names, ...args].join(', ');
  if (kind === 'event')
    return [
      `const sent = client.emit({ interface: ${names[0]}, event: ${names[1]} }, ${payload(args)});`,
      'await lastValueFrom(sent, { defaultValue: undefined });',
    ];
  if (kind === 'emits')
    return [
      `client.fromEvent(${names.join(', ')}).subscribe((value) => console.log(value));`,
      'await new Promise(() => {});',
    ];
  if (streams) return [`for await (const value of client.stream(${all})) console.log(value);`];
  return [`console.log(await client.call(${all}));`];
}

function importsOf({ kind, args }: Copied): string[] {
  if (kind !== 'event') return ["import { JstpClient } from 'nestjs-jstp';\n\n"];
  const names = args.length === 1 ? 'JstpClient' : 'JstpArgs, JstpClient';
  return [`import { ${names} } from 'nestjs-jstp';\nimport { lastValueFrom } from 'rxjs';\n\n`];
}

function payload(args: string[]): string {
  if (args.length === 0) return 'JstpArgs.of()';
  return args.length === 1 ? (args[0] ?? '') : `JstpArgs.of(${args.join(', ')})`;
}

function addressOf(url: string, app: string): string {
  const cut = url.indexOf('?');
  const [before, query] = cut === -1 ? [url, ''] : [url.slice(0, cut), url.slice(cut)];
  return `${before.replace(/\/$/, '')}/${app}${query}`;
}
