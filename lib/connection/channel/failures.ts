import { ERR_CANCELLED, ERR_JOURNAL_FULL } from '../../protocol/error-codes.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { nextTick } from '../../util/host.js';
import { endObservation, type Observed } from '../../util/observation.js';
import { answerCall, type OutgoingCall } from '../calls/outgoing-calls.js';

/** Answers a call with an error of this side, later, as every answer. */
export function failCall(call: OutgoingCall, error: unknown): void {
  nextTick(() => {
    answerCall(call, error);
  });
}

/** Calls back with an error of this side, later, as with every answer. */
export function fail(callback: (error: unknown) => void, error: unknown): void {
  nextTick(() => {
    callback(error);
  });
}

/** Tells who observes a call that it was given up. @param reason undefined: its caller has cancelled it */
export function endCancelled(call: Observed, reason?: RemoteError): void {
  if (call.observation === undefined) return;
  const error = reason ?? new RemoteError(ERR_CANCELLED);
  endObservation(call, error.code, error);
}

/** The error of a session that ends as too much waits in it. */
export function journalFull(): RemoteError {
  return new RemoteError(
    ERR_JOURNAL_FULL,
    'A session has ended: more waits in it than limits.journalMaxBytes, journalMaxBytesAway or journalMaxEntries allow, ' +
      'or in the sessions of its user or address than limits.maxJournalBytesPerUser or maxJournalBytesPerAddress allow',
  );
}
