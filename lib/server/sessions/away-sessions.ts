import type { Connection } from '../../connection/connection.js';
import { LinkedList, type Link } from '../../util/linked-list.js';

/** The session of a client that is away. */
export interface AwaySession {
  readonly connection: Connection;
  /** What its journal holds. */
  readonly bytes: number;
}

/** Where a session is in {@link AwaySessions}. */
export interface AwayLinks {
  readonly all: Link<AwaySession>;
  /** Undefined while its journal holds nothing. */
  holding: Link<AwaySession> | undefined;
}

/** Sessions of a group whose clients are away. */
export class AwaySessions {
  /** All of them, the one first whose client is away the longest. */
  readonly all = new LinkedList<AwaySession>();
  /**
   * Those whose journals hold something, the one first where something waits for an absent client the longest. Why apart:
   * to make room in the journals must cost no more than what is freed, however many sessions hold nothing.
   */
  readonly holding = new LinkedList<AwaySession>();

  /** Adds a session whose client has gone. */
  add(session: AwaySession): AwayLinks {
    const links = { all: this.all.add(session), holding: undefined };
    this.note(links);
    return links;
  }

  /** Notes that the journal of a session may hold something now, or nothing any more. */
  note(links: AwayLinks): void {
    const session = links.all.value;
    if (session.bytes > 0) links.holding ??= this.holding.add(session);
    else if (links.holding) {
      this.holding.remove(links.holding);
      links.holding = undefined;
    }
  }

  /** Removes a session. */
  remove({ all, holding }: AwayLinks): void {
    this.all.remove(all);
    if (holding) this.holding.remove(holding);
  }
}
