import type { Limits } from './limits.js';

/** The limit of the size of what is received: of a message, or of what comes before the handshake is done. */
export type SizeLimit = 'maxMessageBytes' | 'maxHandshakeBytes';

/** The limits of sizes. */
export type SizeLimits = Pick<Limits, SizeLimit>;

/** The limit that holds where one is asked for: a handshake is a message, and may not be larger than any other. */
export function tighterLimit(limits: SizeLimits, limit: SizeLimit): SizeLimit {
  return limits[limit] < limits.maxMessageBytes ? limit : 'maxMessageBytes';
}
