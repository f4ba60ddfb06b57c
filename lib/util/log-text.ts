/** What a log shows at most of a text that a peer may have chosen. */
const MAX_PEER_TEXT_LENGTH = 1000;
/** How deep the causes of an error are looked at. */
const MAX_CAUSES = 8;

// Control characters (C0, DEL, C1), line separators, marks that turn the direction of writing, lone surrogates: what
// makes a terminal, or the reader of a log, see something else than one line of text.
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
/** A line of the engine's own in a stack. */
const FRAME = /^ {4}at .*$/gm;

/**
 * A text as one line of a log may show it: control characters are escaped, and what is too long is cut.
 * @param maxLength in UTF-16 units. @default 1000
 */
export function toLogText(text: string, maxLength = MAX_PEER_TEXT_LENGTH): string {
  const shown = text.length > maxLength ? text.slice(0, maxLength) : text;
  const escaped = shown.replace(UNPRINTABLE, escapeCharacter);
  return shown === text ? escaped : `${escaped}... (${text.length} characters)`;
}

/**
 * A value for a log that may hold a peer's text: the same value where it is harmless. Of an error whose message has
 * control characters, or is too long, it is a copy of the same class with a printable message.
 */
export function toLogValue(value: unknown): unknown {
  if (typeof value === 'string') return toLogText(value);
  return value instanceof Error ? printableError(value, MAX_CAUSES) : value;
}

function printableError(error: Error, causesLeft: number): Error {
  const raw = textOf(error.message);
  const message = toLogText(raw);
  const cause = printableCause(error.cause, causesLeft);
  if (message === raw && cause === error.cause) return error;
  // A native error, which loggers tell from other objects.
  const copy = Object.setPrototypeOf(new Error(), Object.getPrototypeOf(error) as object) as Error;
  Object.defineProperties(copy, Object.getOwnPropertyDescriptors(error));
  define(copy, 'message', message);
  define(copy, 'stack', printableStack(copy, textOf(error.stack), raw));
  if (cause !== undefined) define(copy, 'cause', cause);
  return copy;
}

function printableCause(cause: unknown, causesLeft: number): unknown {
  if (!(cause instanceof Error)) return toLogValue(cause);
  // What is behind so many errors is left out: it may be a circle.
  return causesLeft > 0 ? printableError(cause, causesLeft - 1) : undefined;
}

/** The lines of the engine, under the printable message. */
function printableStack(error: Error, stack: string, rawMessage: string): string {
  const at = stack.indexOf(rawMessage);
  // A message may have lines that look like the engine's.
  const behind = at === -1 ? stack : stack.slice(at + rawMessage.length);
  const frames = behind.match(FRAME) ?? [];
  return [`${error.name}: ${error.message}`, ...frames.map((frame) => toLogText(frame))].join('\n');
}

function define(error: Error, name: string, value: unknown): void {
  Object.defineProperty(error, name, { value, configurable: true, writable: true, enumerable: false });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  const [mark, digits] = code < 256 ? ['\\x', 2] : ['\\u', 4];
  return SHORT[character] ?? mark + code.toString(16).padStart(digits, '0');
}
