import type { Metadata } from '../protocol/message.js';
import type { AbortSignalLike } from '../util/host.js';

/** A call that a peer made and this side answers, once. */
export interface IncomingCall<C = unknown> {
  readonly connection: C;
  readonly interfaceName: string;
  readonly methodName: string;
  readonly args: unknown[];
  /** What the caller sent beside the arguments. */
  readonly metadata: Metadata | undefined;
  /** Whether an answer still reaches the caller: false once answered, cancelled, or cut off. */
  readonly isOpen: boolean;
  /** Fires when the caller no longer waits: it cancelled, its time ran out, or its connection ended. */
  readonly signal: AbortSignalLike;
  /** Answers with results; the second and later answers are ignored. */
  succeed(results: unknown[]): void;
  /**
   * Answers with an error, see `RemoteError.getJstpArrayFor`. Of a system error of the host (with `syscall` or
   * `errno`) the caller gets the code 16 alone, and this side's listeners of errors get the error.
   */
  fail(error: unknown): void;
  /** Starts to answer with values that arrive while the call runs. */
  openStream(): OutgoingStream;
}

/**
 * The values of a streaming call, on their way to the caller. An old peer, which knows no streams, gets
 * the last value as the call's result.
 */
export interface OutgoingStream {
  /**
   * Sends a value, or holds it until the caller gives credit.
   * @returns whether the caller has credit for another one
   * @throws RemoteError ERR_STREAM_OVERFLOW when too many values are held; the stream is over then
   */
  write(value: unknown): boolean;
  /** Resolves when the caller has credit for another value, at once where it has; false when the stream is over. */
  ready(): Promise<boolean>;
  /** Ends the stream after the values held. */
  end(): void;
  /** Ends the stream with an error after the values held. */
  fail(error: unknown): void;
}
