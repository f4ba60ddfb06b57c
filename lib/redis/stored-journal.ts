import { DEFAULT_LIMITS } from '../protocol/limits.js';
import { textOf } from '../protocol/attached-message.js';
import type { Journal } from '../session/journal.js';
import { SessionTextError } from '../session/session-text-error.js';
import { checkSize, type SessionTextLimits } from '../session/session-text.js';

/*
 * A session with a large journal is stored in parts, so that a write need not repeat what Redis has already: its text
 * with an empty journal, and pieces of the journal in further fields. A piece holds the entries `[place,text]` as JSON,
 * with commas between. The pieces follow each other by the numbers in their names. Those before the first entry that is
 * not acknowledged are removed; the first one left may begin with entries that are acknowledged.
 */

/** What the name of a field with a piece of a journal begins with. A number follows. */
const PIECE = 'j';

/** A piece of this length gets no further message. Why: where a message changes, all of its piece is written again. */
const PIECE_LENGTH = 64 * 1024;

/** The end of a session's text before the journal, and the journal. Quotes within values are escaped. */
const EMPTY_JOURNAL = '"buffer":[]';
const ACKNOWLEDGED = '"guaranteedDeliveredCount":';

/** A part of a journal, as it is written. */
export interface JournalPiece {
  readonly number: number;
  /** The place of its first message, see `Journal.start`. */
  readonly start: number;
  /** The place behind its last message. */
  readonly end: number;
  /** The length of its messages, counted as `Journal.textLength`. */
  readonly length: number;
  /** How many bytes it takes in Redis. */
  readonly bytes: number;
}

/** A piece, and its text. */
export interface WrittenPiece {
  readonly piece: JournalPiece;
  readonly text: string;
}

/** The name of a piece's field. */
export function nameOf({ number }: Pick<JournalPiece, 'number'>): string {
  return `${PIECE}${number}`;
}

/** Writes the messages from a place on, and before another one, as a piece. */
export function writePiece(journal: Journal, number: number, start: number, end: number): WrittenPiece {
  const entries: string[] = [];
  let length = 0;
  for (let place = start; place < end; place++) {
    const { id, message } = journal.at(place);
    entries.push(JSON.stringify([id, textOf(message)]));
    length += message.length;
  }
  const text = entries.join(',');
  return { piece: { number, start, end, length, bytes: Buffer.byteLength(text) }, text };
}

/** Writes all messages from a place on, as pieces. @param number that of the first one */
export function writePieces(journal: Journal, number: number, start: number): WrittenPiece[] {
  const written: WrittenPiece[] = [];
  for (let from = start, to = start; from < journal.end; from = to) {
    for (let length = 0; to < journal.end && length < PIECE_LENGTH; to++)
      length += journal.at(to).message.length;
    written.push(writePiece(journal, number + written.length, from, to));
  }
  return written;
}

/** A UTF-16 unit takes at most this many bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * How many bytes Redis may have of a session that is read. Why: what is certainly too large is not fetched. The first piece
 * counts besides, as it may begin with what is acknowledged.
 */
export function mostBytesOf({ maxSessionTextLength }: SessionTextLimits = DEFAULT_LIMITS): number {
  return MAX_BYTES_PER_UNIT * (maxSessionTextLength + PIECE_LENGTH);
}

/**
 * Puts a session's text together again.
 * @param pieces names and texts of the pieces, by turns, in any order
 * @param limits what is parsed here may have at most
 * @throws SessionTextError where the text has no place for a journal, or a piece is no JSON
 */
export function joinText(
  text: string,
  pieces: readonly string[],
  limits: SessionTextLimits = DEFAULT_LIMITS,
): string {
  if (pieces.length === 0) return text;
  const place = text.indexOf(EMPTY_JOURNAL);
  if (place === -1) throw new SessionTextError('it has a journal in two places');
  const start = place + EMPTY_JOURNAL.length - 1;
  const head = text.slice(0, start);
  const acknowledged = Number.parseInt(head.slice(head.indexOf(ACKNOWLEDGED) + ACKNOWLEDGED.length), 10);
  const [first, ...others] = inOrder(pieces);
  checkSize(first, limits);
  const texts = [unacknowledged(first, acknowledged), ...others];
  return `${head}${texts.filter((piece) => piece !== '').join(',')}${text.slice(start)}`;
}

function inOrder(pieces: readonly string[]): string[] {
  const numbered: { number: number; text: string }[] = [];
  for (let index = 0; index < pieces.length; index += 2)
    numbered.push({ number: Number(pieces[index].slice(PIECE.length)), text: pieces[index + 1] });
  return numbered.sort((one, other) => one.number - other.number).map(({ text }) => text);
}

/** Leaves out the messages of a piece that are acknowledged. */
function unacknowledged(piece: string, acknowledged: number): string {
  try {
    const entries = JSON.parse(`[${piece}]`) as readonly (readonly [place: number, text: string])[];
    const isHeld = (entry: readonly [number, string]): boolean => !(entry[0] <= acknowledged);
    return entries
      .filter(isHeld)
      .map((entry) => JSON.stringify(entry))
      .join(',');
  } catch {
    // Why not the error itself: it quotes the text.
    throw new SessionTextError('a piece of its journal is no JSON');
  }
}
