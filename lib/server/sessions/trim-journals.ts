import { ERR_JOURNAL_FULL } from '../../protocol/error-codes.js';
import { JOURNAL_FULL_INFO } from '../../protocol/refusal-info.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { Connection } from '../../connection/connection.js';
import { controlOf } from '../../connection/control.js';
import type { ClientTable } from './client-table.js';
import type { AwaySessions } from './away-sessions.js';
import type { SessionGroup } from './session-group.js';
import type { SessionPlace } from './session-place.js';
import type { SessionKeeper } from './session-keeper.js';

/**
 * What part of the limit may be left once all connected clients were looked through. Why less than all: else the next message
 * of one of them would have all looked through again.
 */
const LEFT_PART = 15 / 16;

/**
 * Ends sessions of a group until their journals together hold no more than they may: those of clients that are away,
 * the one first for which something waits the longest, and of anonymous ones before those of users. Where the group is all sessions of a server, connected
 * anonymous clients follow before users that are away, and connected users at the end, the largest journal first, and a sixteenth more ends. A
 * session of a client that is away is released to its store, in place of ending, where other servers share that.
 * @returns whether the journals still hold more than they may
 */
export function trimJournals(group: SessionGroup, clients: ClientTable, keeper: SessionKeeper): boolean {
  const isOfAll = group === clients.all;
  const { meter } = group;
  let most = group.kind.maxJournalBytes;
  const isOver = (): boolean => meter.bytes > most;
  const endAway = ({ holding }: AwaySessions): void => {
    for (const { connection } of holding) {
      if (!isOver()) return;
      if (!keeper.releaseToStore(connection)) endSession(connection, group);
    }
  };
  const endConnected = (isAnonymous: boolean): void => {
    if (!isOfAll || !isOver()) return;
    most = group.kind.maxJournalBytes * LEFT_PART;
    const places = [...clients.connected]
      .map((connection) => clients.placeOf(connection))
      .filter(
        (place) => place !== undefined && place.bytes > 0 && place.isAnonymous === isAnonymous,
      ) as SessionPlace[];
    for (const { connection } of places.sort((a, b) => b.bytes - a.bytes)) {
      if (!isOver()) return;
      endSession(connection, group);
    }
  };
  endAway(group.anonymous);
  endConnected(true);
  endAway(group.users);
  endConnected(false);
  return meter.isOver;
}

function endSession(connection: Connection, { kind }: SessionGroup): void {
  const error = new RemoteError(
    ERR_JOURNAL_FULL,
    `A session has ended: more waits in sessions together than limits.${kind.journalLimit} allows`,
  );
  controlOf(connection).endSession(error, JOURNAL_FULL_INFO);
}
