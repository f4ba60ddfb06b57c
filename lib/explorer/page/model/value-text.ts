import { MdsfSyntaxError, parse } from '../../../mdsf/index.js';
import { base64Of, bytesIn } from './bytes.js';

/** How values are written for people. */
export type Notation = 'mdsf' | 'json';

/** A text that was read, or what is wrong with it. */
export type TextReading =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string; readonly line: number; readonly column: number };

const IDENTIFIER = /^[A-Za-z$_][\w$]*$/;
const MAX_DEPTH = 200;
/** Up to this length a value stands on one line. */
const LINE_LENGTH = 72;

/**
 * Reads MDSF, which JSON is a part of, with bytes as base64 between backticks. An empty text is no value.
 */
export function readText(text: string): TextReading {
  try {
    return { ok: true, value: parse(text, { bytes: true, maxDepth: MAX_DEPTH }) };
  } catch (error) {
    const position = error instanceof MdsfSyntaxError ? error.position : 0;
    const before = text.slice(0, position).split('\n');
    const message =
      text.trim() === '' ? 'A value is missing' : (error as Error).message.replace(/ at position \d+$/, '');
    return { ok: false, message, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }
}

/**
 * Writes a value for people, with line breaks and indentation. What JSON has no way to say is said as well as it can be:
 * undefined is null there, and bytes are a text of base64.
 */
export function writeText(value: unknown, notation: Notation = 'mdsf'): string {
  return new TextWriter(notation).write(value, '', 0);
}

/** Writes a value on one line, cut at a length. */
export function writeLine(value: unknown, maxLength: number): string {
  const text = new TextWriter('mdsf', maxLength).write(value, '', 0, true);
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
}

/** A text as MDSF or JSON writes it, between quotes, on one line and without control characters. */
export function quoteText(text: string, notation: Notation = 'mdsf'): string {
  const quoted = JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  if (notation === 'json' || text.includes("'")) return quoted;
  return `'${quoted.slice(1, -1).replaceAll('\\"', '"')}'`;
}

class TextWriter {
  private readonly ancestors: unknown[] = [];
  private written = 0;

  constructor(
    private readonly notation: Notation,
    /** Behind so many characters nothing more is written. */
    private readonly limit = Infinity,
  ) {}

  write(value: unknown, indent: string, depth: number, isOneLine = false): string {
    const text = this.textOf(value, indent, depth, isOneLine);
    this.written += typeof value === 'object' ? 2 : text.length;
    return text;
  }

  private textOf(value: unknown, indent: string, depth: number, isOneLine: boolean): string {
    if (this.written > this.limit) return '…';
    if (typeof value === 'string') return quoteText(value, this.notation);
    if (value === undefined) return this.notation === 'json' ? 'null' : 'undefined';
    if (typeof value === 'number') return Number.isFinite(value) ? String(value) : this.oddNumber(value);
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- all objects but null are written below
    if (typeof value !== 'object' || value === null) return String(value);
    const bytes = bytesIn(value);
    if (bytes) return this.notation === 'json' ? `"${base64Of(bytes)}"` : `\`${base64Of(bytes)}\``;
    if (depth > MAX_DEPTH || this.ancestors.includes(value)) return '…';
    this.ancestors.push(value);
    const parts = Array.isArray(value)
      ? this.partsOf(
          value.map((each: unknown) => ['', each] as const),
          indent,
          depth,
          isOneLine,
        )
      : this.partsOf(
          Object.entries(value).map(
            ([key, each]) => [`${this.key(key)}:${isOneLine ? '' : ' '}`, each] as const,
          ),
          indent,
          depth,
          isOneLine,
        );
    this.ancestors.pop();
    const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
    if (parts.length === 0) return `${open}${close}`;
    if (isOneLine) return `${open}${parts.join(',')}${close}`;
    const space = open === '{' ? ' ' : '';
    const line = `${open}${space}${parts.join(', ')}${space}${close}`;
    if (line.length + indent.length <= LINE_LENGTH && !line.includes('\n')) return line;
    const inner = `${indent}  `;
    return `${open}\n${parts.map((part) => `${inner}${part}`).join(',\n')}\n${indent}${close}`;
  }

  private partsOf(
    entries: readonly (readonly [prefix: string, value: unknown])[],
    indent: string,
    depth: number,
    isOneLine: boolean,
  ): string[] {
    const parts: string[] = [];
    for (const [prefix, value] of entries) {
      if (this.written > this.limit) break;
      this.written += prefix.length;
      parts.push(prefix + this.write(value, `${indent}  `, depth + 1, isOneLine));
    }
    return parts;
  }

  private key(key: string): string {
    return this.notation === 'mdsf' && IDENTIFIER.test(key) ? key : quoteText(key, this.notation);
  }

  private oddNumber(value: number): string {
    return this.notation === 'json' ? 'null' : String(value);
  }
}
