import type { IncomingCall, OutgoingStream } from '../../application/incoming-call.js';
import { LastValueStream } from '../../application/last-value-stream.js';
import type { WrittenMessage } from '../../protocol/attached-message.js';
import { ERR_CANCELLED, ERR_INTERNAL_API_ERROR, ERR_TOO_MANY_STREAMS } from '../../protocol/error-codes.js';
import {
  formatCallbackError,
  formatCallbackHeader,
  formatCallbackOk,
  formatStreamItem,
} from '../../protocol/format-message.js';
import { callTimeout } from '../../protocol/call-ends.js';
import type { CallMessage, Metadata } from '../../protocol/message.js';
import { checkSize } from '../../protocol/message-size.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { host, type AbortControllerLike, type AbortSignalLike } from '../../util/host.js';
import type { DeadlineQueue } from '../../util/deadline-queue.js';
import { isError, isSystemError } from '../../util/errors.js';
import { endObservation, type Observation, type Observed } from '../../util/observation.js';
import type { Expirable } from '../../util/shared-deadlines.js';
import { forgetUnreachable, whenUnreachable } from '../../util/unreachable.js';
import type { Connection } from '../connection.js';
import { CallerDeadline } from './caller-deadline.js';
import { UnsendableAnswer } from './unsendable-answer.js';
import type { ReceivedSource } from './received-source.js';
import { StreamSender, type StreamKeeper } from './stream-sender.js';

/** What the reader of an argument gets behind the answer of its call. */
const CALL_IS_OVER = 'The call of this stream is over';

/** What a received call asks of the table that holds it. */
export interface ReceivedCallKeeper extends StreamKeeper {
  /** Sends the answer and removes the call. */
  answer(call: ReceivedCall, message: WrittenMessage): void;
  /**
   * The handler of a call that lingered has ended.
   * @param bytes what the call counts as
   */
  handlerEnded(bytes: number): void;
  /** Counts one stream more; false: there are as many as may be. */
  streamOpened(): boolean;
  /** Counts one stream less. */
  streamClosed(): void;
  /** An error in making an answer. */
  reportError(error: unknown): void;
  /** Tells of a call that has run for as long as it may. */
  callOverdue(call: ReceivedCall): void;
  /** The calls that may run for a limited time only; undefined: there is no limit. */
  readonly deadlines: DeadlineQueue<Expirable> | undefined;
}

/** A call of the peer, from its arrival to its one answer, and on until its handler has ended. */
export class ReceivedCall implements IncomingCall<Connection>, Expirable, Observed {
  /** Its number as the wire has it, with the peer's sign. */
  readonly id: number;
  readonly interfaceName: string;
  readonly methodName: string;
  readonly args: unknown[];
  readonly metadata: Metadata | undefined;
  private open = true;
  /** Whether its handler has begun, and has not ended as far as is known. */
  private runs = false;
  /** Is settled when the handler has ended; undefined: its answer is its end, however late it comes. */
  private work: PromiseLike<unknown> | undefined;
  /** Whether nobody waits for it any more, but its handler runs on. */
  lingers = false;
  private abortReason: RemoteError | undefined;
  private controller: AbortControllerLike | undefined;
  /** The values on their way to the caller; undefined until the application opens a stream. */
  stream: StreamSender | undefined;
  /** Its arguments that are streams; undefined where none is. */
  sources: readonly ReceivedSource[] | undefined = undefined;
  /** Told of its end; undefined: nobody observes it. */
  observation: Observation | undefined = undefined;
  /** The credit that the caller gave before there was a stream. */
  private credit: number | undefined;
  private readonly deadline: CallerDeadline | undefined;
  private replyMetadata: Metadata | undefined;
  /** The header of the answer; undefined: the number alone. */
  private header: string | undefined;

  constructor(
    private readonly keeper: ReceivedCallKeeper,
    readonly connection: Connection,
    message: CallMessage,
    /** What it counts as, see `weightOf`; with `SOURCE_BYTES` for each of its streams. */
    public bytes: number,
  ) {
    this.id = message.id;
    this.interfaceName = message.interfaceName ?? '';
    this.methodName = message.method ?? '';
    this.args = message.args ?? [];
    this.metadata = message.metadata;
    this.deadline = message.metadata && CallerDeadline.of(message.metadata.timeout, this);
  }

  get isOpen(): boolean {
    return this.open;
  }

  get hasStreams(): boolean {
    return this.sources !== undefined;
  }

  get signal(): AbortSignalLike {
    this.controller ??= new host.AbortController();
    if (this.abortReason) this.controller.abort(this.abortReason);
    return this.controller.signal;
  }

  setReplyMetadata(metadata: Metadata): void {
    const all = { ...this.replyMetadata, ...metadata };
    // At once. Why: who sets it gets the error, and what was set before stays.
    this.header = formatCallbackHeader(this.id, all, this.connection.limits.maxMetadataBytes);
    this.replyMetadata = all;
  }

  succeed(results: unknown[]): void {
    this.handlerDone();
    this.answer(true, results);
  }

  fail(error: unknown): void {
    this.handlerDone();
    this.answer(false, error);
  }

  runsUntil(work: PromiseLike<unknown>): void {
    this.work = work;
    if (this.lingers) this.awaitEnd();
  }

  /** Its handler begins. */
  begin(): void {
    this.runs = true;
    this.keeper.deadlines?.add(this);
  }

  /** It has run for as long as it may. */
  expire(): void {
    this.endBecause(callTimeout('ERR_MAX_CALL_DURATION'));
    this.keeper.callOverdue(this);
  }

  /** Its caller's time is over. */
  callerGone(): void {
    this.endBecause(callTimeout('ERR_CALLER_TIMEOUT'));
  }

  get remainingMs(): number | undefined {
    return this.deadline?.remainingMs;
  }

  /** Its handler has said its last word. That is its end, unless it was told to stop, and a Promise tells when it has. */
  handlerDone(): void {
    if (this.work && this.abortReason) return;
    this.runs = false;
    if (this.lingers) this.end();
  }

  openStream(): OutgoingStream {
    const { connection } = this;
    if (!connection.extensions.stream) return new LastValueStream(this);
    if (!this.stream) {
      if (this.open && !this.keeper.streamOpened()) this.endWith(ERR_TOO_MANY_STREAMS);
      // A stream may be meant to last.
      this.keeper.deadlines?.delete(this);
      this.stream = new StreamSender(this, connection.limits, this.keeper);
      if (this.credit !== undefined) this.stream.grant(this.credit);
    }
    return this.stream;
  }

  /** The caller allows stream values up to a number. */
  grant(limit: number): void {
    if (this.stream) this.stream.grant(limit);
    else this.credit = limit;
  }

  /** Nobody waits for the answer any more: the caller has cancelled, or its transport is lost. Then comes {@link abort}. */
  cancel(reason: RemoteError): void {
    this.close(reason);
    if (this.observation !== undefined) endObservation(this, ERR_CANCELLED, reason);
  }

  /** Answers with an error, whatever the handler does, and aborts its signal. */
  endWith(code: number): void {
    this.endBecause(new RemoteError(code));
  }

  private endBecause(reason: RemoteError): void {
    if (this.sources !== undefined) this.closeSources(reason);
    this.answer(false, reason);
    this.abort(reason);
  }

  private close(reason?: RemoteError): void {
    this.open = false;
    if (this.sources !== undefined) this.closeSources(reason ?? new RemoteError(ERR_CANCELLED, CALL_IS_OVER));
    this.keeper.deadlines?.delete(this);
    this.deadline?.stop();
    this.closeStream();
    this.lingers = this.runs;
    if (this.lingers) this.awaitEnd();
  }

  readsStream(): void {
    // A stream may be meant to last.
    this.keeper.deadlines?.delete(this);
  }

  private closeSources(reason: RemoteError): void {
    for (const source of this.sources ?? []) source.close(reason);
  }

  private awaitEnd(): void {
    const { work } = this;
    if (!work) {
      whenUnreachable(this, endOf(this.keeper, this.bytes));
      return;
    }
    const end = (): void => {
      // A later one may have taken its place.
      if (this.work === work && this.lingers) this.end();
    };
    work.then(end, end);
  }

  private end(): void {
    this.lingers = false;
    forgetUnreachable(this);
    this.keeper.handlerEnded(this.bytes);
  }

  private closeStream(): void {
    if (!this.stream) return;
    this.stream.close();
    this.keeper.streamClosed();
  }

  private arrayOf(error: unknown): unknown[] {
    if (!isSystemError(error)) return RemoteError.getJstpArrayFor(error);
    this.keeper.reportError(error);
    return [ERR_INTERNAL_API_ERROR];
  }

  formatItem(n: number, value: unknown): WrittenMessage {
    return formatStreamItem(this.id, n, value, this.connection.limits.maxDepth, this.sendsBytes);
  }

  /** @throws JstpError for what the caller does not take */
  checkSize(message: WrittenMessage): void {
    checkSize(message, this.connection.limits, this.connection.extensions);
  }

  private get sendsBytes(): boolean {
    return this.connection.extensions.bytes;
  }

  /** The message of a value of its stream was sent. */
  sent(message: WrittenMessage): void {
    this.observation?.sent?.(message);
  }

  /** @param outcome the results, or the error */
  private answer(isOk: boolean, outcome: unknown): void {
    if (!this.open) return;
    const { maxDepth } = this.connection.limits;
    let hasFailed = !isOk;
    let failure = outcome;
    let message: WrittenMessage;
    try {
      message = isOk
        ? formatCallbackOk(this.id, outcome as unknown[], maxDepth, this.header, this.sendsBytes)
        : formatCallbackError(this.id, this.arrayOf(outcome), maxDepth, this.header, this.sendsBytes);
      this.checkSize(message);
    } catch (error) {
      hasFailed = true;
      failure = new UnsendableAnswer(this, error);
      this.keeper.reportError(failure);
      message = formatCallbackError(this.id, [ERR_INTERNAL_API_ERROR]);
    }
    // A `toJSON` of the outcome may have answered, or ended the connection.
    if (!this.isOpen) return;
    this.close();
    this.keeper.answer(this, message);
    if (this.observation === undefined) return;
    this.observation.sent?.(message);
    if (hasFailed) endFailed(this, failure);
    else endObservation(this, 0, undefined);
  }

  /** Aborts the handler's signal. */
  abort(reason: RemoteError): void {
    this.deadline?.stop();
    this.abortReason = reason;
    this.controller?.abort(reason);
  }
}

/** Ends with the code that the caller is told. */
function endFailed(call: Observed, failure: unknown): void {
  const isInternal = failure instanceof UnsendableAnswer || isSystemError(failure);
  const array = isInternal ? [ERR_INTERNAL_API_ERROR] : RemoteError.getJstpArrayFor(failure);
  const error = isError(failure) ? failure : RemoteError.fromJstpArray(array);
  endObservation(call, array[0] as number | string, error);
}

/** What ends a call that nothing refers to any more: no answer of it can come. It must not refer to the call itself. */
function endOf(keeper: ReceivedCallKeeper, bytes: number): () => void {
  return () => {
    keeper.handlerEnded(bytes);
  };
}
