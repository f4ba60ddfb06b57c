import type { SessionClaim } from './session-claim.js';

/** The version of the format in which texts are written. */
export const SESSION_FORMAT = 1;

/** A session as it is stored, without its id. */
export interface StoredState {
  /** The version of the format; absent in texts of `@metarhia/jstp` 2.x, and of early versions of this package. */
  readonly format?: number;
  /** The user's name; absent or null for an anonymous client. */
  readonly username?: string | null;
  readonly receivedCount: number;
  readonly guaranteedDeliveredCount: number;
  /**
   * The number of the newest message that was sent. The reference implementation writes it with the sign of its side.
   */
  readonly latestBufferedMessageId: number;
  readonly buffer: readonly (readonly [place: number, text: string])[];
  readonly storage: readonly (readonly [key: unknown, value: unknown])[];
  readonly binding?: {
    readonly application: string;
    readonly version?: string;
    readonly extensions: readonly string[];
  };
  /** The numbers of the peer's calls that are being served, with the sign that they have on the wire. */
  readonly serving?: readonly number[];
  readonly claim?: SessionClaim;
  /** The names of its rooms. */
  readonly rooms?: readonly string[];
  readonly publicId?: string;
  /** The number of the last event for several servers that had come when the session left its server. */
  readonly eventPosition?: number;
}
