/** Words that name no type, parameter or interface of a printed file. */
const RESERVED = new Set(
  (
    'any arguments as asserts async await bigint boolean break case catch class const continue debugger declare default delete do ' +
    'else enum eval export extends false finally for function get global if implements import in infer instanceof interface is ' +
    'keyof let module namespace never new null number object of package private protected public readonly require return ' +
    'satisfies set static string super switch symbol this throw true try type typeof undefined unique unknown var void while ' +
    'with yield'
  ).split(' '),
);

/** Types of the platform that a printed file uses. */
const TAKEN = [
  'AsyncIterable',
  'Uint8Array',
  'Date',
  'Map',
  'Set',
  'RegExp',
  'URL',
  'Error',
  'Array',
  'Promise',
];

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

// What is not seen, or changes the order in which text is seen: a printed file would not be what it seems to be.
const UNSEEN =
  // eslint-disable-next-line no-control-regex -- they are what it is for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** A text as the literal of a string. */
export function literalOfText(text: string): string {
  const escaped = text
    .replace(/[\\']/g, '\\$&')
    .replace(UNSEEN, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `'${escaped}'`;
}

/** A name of a member: quoted where it is no identifier. Why `new`: a method of that name would be a constructor. */
export function memberName(name: string): string {
  return IDENTIFIER.test(name) && name !== 'new' ? name : literalOfText(name);
}

/** Gives each thing a name of its own that is an identifier. */
export class Names {
  private readonly taken: Set<string>;
  /** The next number of a name that was given before. Why: thousands may want the same one. */
  private readonly counts = new Map<string, number>();

  /** @param taken names that are not given */
  constructor(taken: readonly string[] = TAKEN) {
    this.taken = new Set(taken);
  }

  /** A type's name, after what the server calls it. */
  ofType(text: string, fallback: string): string {
    const words = text.match(/[A-Za-z0-9_$]+/g) ?? [];
    return this.unique(words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(''), fallback);
  }

  /** A parameter's name. */
  ofParameter(text: unknown, fallback: string): string {
    return this.unique(typeof text === 'string' && IDENTIFIER.test(text) ? text : '', fallback);
  }

  private unique(wanted: string, fallback: string): string {
    const base = IDENTIFIER.test(wanted) && !RESERVED.has(wanted) ? wanted : fallback;
    let name = base;
    let count = this.counts.get(base) ?? 2;
    for (; this.taken.has(name); count += 1) name = `${base}_${count}`;
    this.counts.set(base, count);
    this.taken.add(name);
    return name;
  }
}

/** Lines as a TSDoc comment; none: no comment. Nothing in them ends it, or is a tag. @param tags lines that are tags */
export function commentOf(texts: readonly unknown[], tags: readonly string[] = []): string {
  const lines = texts
    .filter((text) => typeof text === 'string')
    .flatMap((text) => text.split(/\r\n|[\n\r\u2028\u2029]/))
    .map(safeLine);
  while (lines.length > 0 && lines[0].trim() === '') lines.shift();
  while (lines.length > 0 && lines.at(-1)?.trim() === '') lines.pop();
  lines.push(...tags);
  if (lines.length === 0) return '';
  if (lines.length === 1) return `/** ${lines[0].trim()} */\n`;
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */\n`;
}

/** A tag of a comment, in one line. */
export function tagOf(tag: string, text: unknown): string {
  if (typeof text !== 'string') return `@${tag}`;
  return `@${tag} ${safeLine(text.replace(/\s+/g, ' ').trim())}`.trimEnd();
}

function safeLine(line: string): string {
  return line
    .replace(/\t/g, '  ')
    .replace(UNSEEN, '')
    .replace(/\*\//g, '*\\/')
    .replace(/(?<!\S)@/g, '\\@')
    .trimEnd();
}

/** A text with each line moved to the right. */
export function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
