import { plainText, type WrittenMessage } from '../../protocol/attached-message.js';
import { ERR_INTERNAL_API_ERROR } from '../../protocol/error-codes.js';
import { formatCallbackError, formatPing, formatSourceError } from '../../protocol/format-message.js';
import { fitsBoth, suspectedSizeError, tooLargeError, type PeerTakes } from '../../protocol/message-size.js';
import type { Limits } from '../../protocol/limits.js';
import type { Journal, JournalEntry } from '../../session/journal.js';

/** A journaled message that the peer does not take. */
export interface Unsendable {
  /** Its place in the journal. */
  readonly place: number;
  /** Why: ERR_JSTP_MESSAGE_TOO_LARGE. */
  readonly error: unknown;
  readonly kind: string;
  /** The number in the message: its own, or that of the peer's call. */
  readonly wireId: number;
  /** What goes out in its place, so that numbers have no gap and the peer's call has an answer; undefined: as it is. */
  readonly substitute: WrittenMessage | undefined;
}

const HEAD = /^\{(\w+):\[(-?\d+)/;
/** A value of an argument that is a stream, or its end. */
const SOURCE = /^\{source:\[-?\d+,(\d+),(\d+)\]/;

/**
 * The messages that would only cut the transport again: those larger than the peer takes or, where the peer has not told
 * its limit, the one at which two transports were cut.
 */
export function unsendableOf(journal: Journal, limits: Limits, peer: PeerTakes): readonly Unsendable[] {
  const suspect = journal.takeSuspect();
  const { peerMaxBytes } = peer;
  if (peerMaxBytes === undefined) {
    const place = suspect && journal.placeOf(suspect);
    return suspect === undefined || place === undefined
      ? []
      : [describe(suspect, place, suspectedSizeError(suspect.message))];
  }
  const unsendable: Unsendable[] = [];
  // One for all. Why: there may be a hundred thousand, and a stack for each would take a second.
  let error: unknown;
  for (let place = journal.start; place < journal.end; place++) {
    const entry = journal.at(place);
    if (fitsBoth(entry.message, limits, peer)) continue;
    error ??= tooLargeError(limits, peerMaxBytes);
    const found = describe(entry, place, error);
    // What was put in the place of another message goes out, however little the peer takes.
    if (found.substitute !== entry.message) unsendable.push(found);
  }
  return unsendable;
}

function describe({ message }: JournalEntry, place: number, error: unknown): Unsendable {
  const text = plainText(message);
  const [, kind = '', digits] = HEAD.exec(text) ?? [];
  const wireId = Number(digits);
  return { place, error, kind, wireId, substitute: substituteOf(kind, wireId, text) };
}

function substituteOf(kind: string, wireId: number, text: string): WrittenMessage | undefined {
  switch (kind) {
    case 'call':
    case 'event':
    case 'inspect':
      return formatPing(wireId);
    case 'callback':
    case 'stream':
      return formatCallbackError(wireId, [ERR_INTERNAL_API_ERROR]);
    case 'source': {
      const [, place, n] = SOURCE.exec(text) ?? [];
      // What says that no more is wanted has no number, and goes out as it is.
      return n ? formatSourceError(wireId, Number(place), Number(n), [ERR_INTERNAL_API_ERROR]) : undefined;
    }
    default:
      return undefined;
  }
}
