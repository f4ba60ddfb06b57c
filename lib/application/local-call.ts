import type { Metadata } from '../protocol/message.js';
import { callWith } from '../util/callback.js';
import { host, type AbortSignalLike } from '../util/host.js';
import type { IncomingCall } from './incoming-call.js';
import { LastValueStream } from './last-value-stream.js';
import type { MethodCallback } from './method-callback.js';

/** A call without a peer that waits for it: of this process, or an event. */
export class LocalCall<C> implements IncomingCall<C> {
  readonly remainingMs = undefined;
  isOpen = true;
  private ownSignal: AbortSignalLike | undefined;

  constructor(
    readonly connection: C,
    readonly interfaceName: string,
    readonly methodName: string,
    readonly args: unknown[],
    private readonly callback: MethodCallback,
    readonly metadata: Metadata | undefined,
  ) {}

  /** It never fires. */
  get signal(): AbortSignalLike {
    return (this.ownSignal ??= new host.AbortController().signal);
  }

  setReplyMetadata(): void {
    // Nobody gets it.
  }

  succeed(results: unknown[]): void {
    this.answer(null, results);
  }

  fail(error: unknown): void {
    this.answer(error);
  }

  openStream(): LastValueStream {
    return new LastValueStream(this);
  }

  private answer(error: unknown, results: readonly unknown[] = []): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    callWith(this.callback, error, results);
  }
}
