import { Session } from '../session/session.js';
import type { ClientParts } from './client-parts.js';
import { timeAccountOf } from './time-accounts.js';

/** All that a client's connections may have. */
export const ALL_CLIENT_PARTS: ClientParts = { SessionClass: Session, timeAccountOf };
