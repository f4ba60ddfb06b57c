import { quoteKey } from '../mdsf/quote.js';
import { toLogText } from '../util/log-text.js';
import type { Style } from './style.js';

const WIDTH = 80;
const INDENT = '  ';

/**
 * Writes a value of a peer as MDSF for people: on one line where it fits, else a member a line. Strings have no control
 * characters: they are escaped, so that the text stays MDSF.
 */
export function formatValue(value: unknown, style: Style, indent = ''): string {
  const room = WIDTH - indent.length;
  const compact = compactText(value, room);
  if (compact !== undefined) return style.value(compact, value);
  const inner = indent + INDENT;
  if (Array.isArray(value)) {
    const elements = (value as unknown[]).map((element) => inner + formatValue(element, style, inner));
    return `[\n${elements.join(',\n')}\n${indent}]`;
  }
  if (isPlain(value)) {
    const members = Object.entries(value).map(
      ([key, member]) => `${inner}${style.key(keyText(key))}: ${formatValue(member, style, inner)}`,
    );
    return `{\n${members.join(',\n')}\n${indent}}`;
  }
  return style.value(scalarText(value), value);
}

/** Writes a value on one line of at most so many characters; what is beyond is left out. */
export function shortText(value: unknown, maxLength: number): string {
  const writer = new CompactWriter(maxLength);
  writer.write(value);
  return writer.isFull ? `${writer.text.slice(0, maxLength - 3)}...` : writer.text;
}

/** The text of a key of a peer's. */
export function keyText(key: string): string {
  const text = quoteKey(key);
  return text === key ? key : stringText(key);
}

/** A string between single quotes, with all escaped that is not to be seen as it is. */
function stringText(text: string): string {
  return `'${toLogText(text.replace(/[\\']/g, '\\$&'), Infinity)}'`;
}

/** One line, where it is no longer than the room. */
function compactText(value: unknown, room: number): string | undefined {
  const writer = new CompactWriter(room);
  writer.write(value);
  return writer.isFull ? undefined : writer.text;
}

/** Writes on one line, and stops where that is full. Why: a large value is tried at each of its levels. */
class CompactWriter {
  text = '';

  constructor(private readonly maxLength: number) {}

  get isFull(): boolean {
    return this.text.length > this.maxLength;
  }

  write(value: unknown): void {
    if (this.isFull) return;
    if (Array.isArray(value)) this.list('[', value as unknown[], ']', (element) => this.write(element));
    else if (isPlain(value))
      this.list('{', Object.keys(value), '}', (key) => {
        this.text += `${keyText(key)}: `;
        this.write(value[key]);
      });
    else this.text += scalarText(value, this.maxLength);
  }

  private list<T>(open: string, items: readonly T[], close: string, write: (item: T) => void): void {
    this.text += open;
    for (let at = 0; at < items.length && !this.isFull; at++) {
      if (at > 0) this.text += ', ';
      write(items[at]);
    }
    this.text += close;
  }
}

function scalarText(value: unknown, maxLength = Infinity): string {
  // Of a long string as much as is shown, and a little that shows that it is longer.
  if (typeof value === 'string') return stringText(value.slice(0, maxLength + 1));
  if (value instanceof Uint8Array) return bytesText(value, maxLength);
  return String(value);
}

function bytesText({ buffer, byteOffset, byteLength }: Uint8Array, maxLength: number): string {
  const shown = Math.min(byteLength, maxLength);
  return `\`${Buffer.from(buffer, byteOffset, shown).toString('base64')}\``;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}
