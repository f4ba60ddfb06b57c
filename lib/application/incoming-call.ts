import type { Metadata } from '../protocol/message.js';
import type { AbortSignalLike } from '../util/host.js';

/** What a method may know of the call that it serves, or an event handler of its event. */
export interface CallInfo<C = unknown> {
  /** The connection by which it came. */
  readonly connection: C;
  /** The name of the interface, as the caller gave it. */
  readonly interfaceName: string;
  /** The name of the method (or event), as the caller gave it. */
  readonly methodName: string;
  /** Plain data that the caller sent beside the arguments; undefined where it sent none. */
  readonly metadata: Metadata | undefined;
  /**
   * Whether an answer still reaches the caller: false once the call is answered or cancelled, or its connection has
   * ended.
   */
  readonly isOpen: boolean;
  /**
   * Fires when the caller no longer waits: it has cancelled the call, its time ran out, or its connection has ended.
   */
  readonly signal: AbortSignalLike;
  /** What is left of the time that the caller waits, in milliseconds; undefined where it has told none. */
  readonly remainingMs: number | undefined;
  /**
   * Adds plain data to the answer, beside its results or its error: what was set before under other names stays. The
   * caller gets it with the end of a stream. It does nothing after the answer, and for an event.
   * @throws JstpError `ERR_JSTP_METADATA_TOO_LARGE` where the answer would have more than `limits.maxMetadataBytes`
   * @throws ConfigurationError for what is no object
   */
  setReplyMetadata(metadata: Metadata): void;
}

/** A call that a peer has made. This side answers it once. */
export interface IncomingCall<C = unknown> extends CallInfo<C> {
  /** The arguments that the caller sent. */
  readonly args: unknown[];
  /** Whether some of them are streams of the caller: each is a `JstpStream`. @default false */
  readonly hasStreams?: boolean;
  /** Answers with results. The second and later answers are ignored. */
  succeed(results: unknown[]): void;
  /**
   * Answers with an error, see `RemoteError.getJstpArrayFor`. For a system error of the host (one with `syscall` or
   * `errno`) the caller gets the code 16 alone, and this side's listeners of errors get the error.
   */
  fail(error: unknown): void;
  /** @internal Says when the handler has ended, if nobody waits for its answer any more: when a Promise is settled. */
  runsUntil?(work: PromiseLike<unknown>): void;
  /** Starts a stream: the caller gets values while the call runs. */
  openStream(): OutgoingStream;
}

/**
 * Sends the values of a streaming call to the caller. An old peer, which knows no streams, gets the last value as the
 * result of the call.
 * @example
 * async handleCall(call) {
 *   const stream = call.openStream();
 *   for (const row of rows) if (!stream.write(row) && !(await stream.ready())) return;
 *   stream.end();
 * }
 */
export interface OutgoingStream {
  /**
   * Sends a value, or holds it until the caller gives credit.
   * @returns whether there is credit for another value
   * @throws RemoteError ERR_STREAM_OVERFLOW when too many values are held (`limits.maxStreamBufferItems`,
   * `limits.maxStreamBufferBytes`); the stream is over then
   */
  write(value: unknown): boolean;
  /** Resolves with true when there is credit for another value, with false when the stream is over. */
  ready(): Promise<boolean>;
  /** Ends the stream, after the values that are held. */
  end(): void;
  /** Ends the stream with an error, after the values that are held. */
  fail(error: unknown): void;
}
