/** How much a log shows of a text that a peer may have chosen, in UTF-16 units. */
const MAX_PEER_TEXT_LENGTH = 1000;
/** How many causes of an error are followed. */
const MAX_CAUSES = 8;

// Control characters (C0, DEL, C1), line separators, marks of the writing direction, lone surrogates: with them a terminal,
// or the reader of a log, sees something else than one line of text.
export const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
/** A line of a stack that the engine wrote. */
const FRAME = /^ {4}at .*$/gm;

/**
 * Makes a text safe for a line of a log: escapes control characters, and cuts a text that is too long.
 * @param maxLength in UTF-16 units. @default 1000
 */
export function toLogText(text: string, maxLength = MAX_PEER_TEXT_LENGTH): string {
  const shown = text.length > maxLength ? text.slice(0, maxLength) : text;
  const escaped = shown.replace(UNPRINTABLE, escapeCharacter);
  return shown === text ? escaped : `${escaped}... (${text.length} characters)`;
}

/**
 * Makes a value safe for a log, as it may contain a peer's text. A harmless value is returned as it is. Of an error
 * whose message has control characters or is too long, a copy of the same class with a safe message is returned.
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
  // Made as a native error, which loggers tell from other objects.
  const copy = Object.setPrototypeOf(new Error(), Object.getPrototypeOf(error) as object) as Error;
  const stack = printableStack(`${error.name}: ${message}`, textOf(error.stack), raw);
  return Object.defineProperties(copy, {
    ...Object.getOwnPropertyDescriptors(error),
    message: hidden(message),
    stack: hidden(stack),
    ...(error.cause !== undefined && { cause: hidden(cause) }),
  });
}

function printableCause(cause: unknown, causesLeft: number): unknown {
  if (!(cause instanceof Error)) return toLogValue(cause);
  // Further causes are left out, as they may form a circle.
  return causesLeft > 0 ? printableError(cause, causesLeft - 1) : undefined;
}

/** A stack with the safe message and the lines that the engine wrote. */
function printableStack(title: string, stack: string, rawMessage: string): string {
  const at = stack.indexOf(rawMessage);
  // Lines of the message may look like the engine's, and are skipped.
  const behind = at === -1 ? stack : stack.slice(at + rawMessage.length);
  const frames = behind.match(FRAME) ?? [];
  return [title, ...frames.map((frame) => toLogText(frame))].join('\n');
}

/** Describes a property that is not enumerable, as those of native errors are. */
function hidden(value: unknown): PropertyDescriptor {
  return { value, configurable: true, writable: true };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  const [mark, digits] = code < 256 ? ['\\x', 2] : ['\\u', 4];
  return SHORT[character] ?? mark + code.toString(16).padStart(digits, '0');
}
