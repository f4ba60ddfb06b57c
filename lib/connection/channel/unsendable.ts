import { ERR_INTERNAL_API_ERROR } from '../../protocol/error-codes.js';
import { formatCallbackError, formatPing } from '../../protocol/format-message.js';
import { checkSize, suspectedSizeError } from '../../protocol/message-size.js';
import type { Limits } from '../../protocol/limits.js';
import type { Journal, JournalEntry } from '../../session/journal.js';

/** A journaled message that the peer does not take. */
export interface Unsendable {
  readonly entry: JournalEntry;
  /** Why: ERR_JSTP_MESSAGE_TOO_LARGE. */
  readonly error: unknown;
  readonly kind: string;
  /** The number in the message: its own, or that of the peer's call. */
  readonly wireId: number;
  /** What goes out in its place, so that numbers have no gap and the peer's call has an answer; undefined: as it is. */
  readonly substitute: string | undefined;
}

const HEAD = /^\{(\w+):\[(-?\d+)/;

/**
 * The messages that would only cut the transport again: those larger than the peer takes or, where the peer has not told
 * its limit, the one at which two transports were cut.
 */
export function unsendableOf(
  journal: Journal,
  limits: Limits,
  peerMaxBytes: number | undefined,
): readonly Unsendable[] {
  const suspect = journal.takeSuspect();
  if (peerMaxBytes === undefined) return suspect ? [describe(suspect, suspectedSizeError(suspect.text))] : [];
  const unsendable: Unsendable[] = [];
  for (const entry of journal) {
    try {
      checkSize(entry.text, limits, peerMaxBytes);
    } catch (error) {
      unsendable.push(describe(entry, error));
    }
  }
  return unsendable;
}

function describe(entry: JournalEntry, error: unknown): Unsendable {
  const [, kind = '', digits] = HEAD.exec(entry.text) ?? [];
  const wireId = Number(digits);
  return { entry, error, kind, wireId, substitute: substituteOf(kind, wireId) };
}

function substituteOf(kind: string, wireId: number): string | undefined {
  switch (kind) {
    case 'call':
    case 'event':
    case 'inspect':
      return formatPing(wireId);
    case 'callback':
    case 'stream':
      return formatCallbackError(wireId, [ERR_INTERNAL_API_ERROR]);
    default:
      return undefined;
  }
}
