import { nextTick } from '../util/host.js';

/**
 * From this length on a string counts as large, in UTF-16 units.
 * Why: V8 keeps longer strings on pages of their own, and making one costs many times what copying it does.
 */
const LARGE_STRING = 32 * 1024;

interface JoinedMessage {
  readonly text: string;
  readonly parts: readonly string[];
}

/**
 * The last message that {@link joinParts} made within this tick.
 * Why a variable of the module: else the parts would have to pass through the connection, its journal and every
 * transport beside the text. They take a fifth or more off the processor time of sending a large message
 * (`npm run bench:shortcuts`).
 */
let lastJoined: JoinedMessage | undefined;

/** Whether a message with this string in it should be made by {@link joinParts}. */
export function isLargeString(value: unknown): value is string {
  return typeof value === 'string' && isLargeText(value);
}

/** Whether a text should be joined to the rest of its message by {@link joinParts}. */
export function isLargeText(text: string): boolean {
  return text.length >= LARGE_STRING;
}

/**
 * Joins strings to a message, and remembers them for {@link partsOf}.
 *
 * Why: before V8 reads a character of a joined string, it copies the whole of it. A transport that writes the parts
 * one by one spares that.
 */
export function joinParts(...parts: readonly string[]): string {
  let text = '';
  for (const part of parts) text += part;
  // A message that nobody asks for (the transport is lost) must not stay in memory.
  if (lastJoined === undefined) nextTick(forgetLast);
  lastJoined = { text, parts };
  return text;
}

/** The parts of a message, if {@link joinParts} made it last and they were not asked for yet; else the message itself. */
export function partsOf(text: string): readonly string[] {
  if (!isLargeText(text) || lastJoined?.text !== text) return [text];
  const { parts } = lastJoined;
  lastJoined = undefined;
  return parts;
}

function forgetLast(): void {
  lastJoined = undefined;
}
