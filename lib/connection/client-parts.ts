import type { Session } from '../session/session.js';
import type { TimeAccount } from '../util/waiting-line.js';
import type { Connection } from './connection.js';

/** The class of a client's sessions: `Session`, or one without what the client does not need of it. */
export type SessionClass = new (
  connection: Connection | null,
  username: string | null,
  id: string,
) => Session<Connection>;

/**
 * Parts of a client's connections that are not the same for all clients. Why handed in: a page downloads what is imported,
 * and needs less.
 */
export interface ClientParts {
  /** The class of the sessions. */
  readonly SessionClass: SessionClass;
  /** Counts the shared time that the connections of an address have had. */
  timeAccountOf(address: string | undefined): TimeAccount;
}
