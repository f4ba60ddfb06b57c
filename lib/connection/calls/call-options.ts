import type { Metadata } from '../../protocol/message.js';
import type { AbortSignalLike } from '../../util/host.js';

/** What a call may say besides its arguments. */
export interface CallOptions {
  /** Takes the values of a stream as they come. Without it the last one is the result. */
  readonly onItem?: ((value: unknown) => void) | undefined;
  /** Whether the callback gets the results as one array, and not as arguments. @default false */
  readonly takesArray?: boolean | undefined;
  /**
   * Plain data that travels beside the arguments. A call with more than `limits.maxMetadataBytes` of it fails with
   * `ERR_JSTP_METADATA_TOO_LARGE`, and is not sent. @default none
   */
  readonly metadata?: Metadata | undefined;
  /**
   * Milliseconds until the answer, or the end of a stream. Then the call fails with -7 (`ERR_CALL_TIMEOUT`), and the peer
   * hears it: it is told the time, and answers no later. 0: any time. @default 0
   */
  readonly timeout?: number | undefined;
  /** Cancels the call when it fires: it fails with -8 (`ERR_CANCELLED`), whose `cause` is the signal's reason. */
  readonly signal?: AbortSignalLike | undefined;
  /** Takes the metadata of the answer, if it has any, before the callback (or the Promise) gets the outcome. */
  readonly onReplyMetadata?: ((metadata: Metadata) => void) | undefined;
}

/** What an event may say besides its arguments. */
export interface EventOptions {
  /** Plain data that travels beside the arguments, as that of {@link CallOptions}. @default none */
  readonly metadata?: Metadata | undefined;
}
