import type { WrittenMessage } from '../../protocol/attached-message.js';
import { formatSourceEnd, formatSourceError, formatSourceItem } from '../../protocol/format-message.js';
import { ERR_INTERNAL_API_ERROR } from '../../protocol/error-codes.js';
import type { Limits } from '../../protocol/limits.js';
import { checkSize } from '../../protocol/message-size.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { ignore } from '../../util/callback.js';
import { isError } from '../../util/errors.js';
import { nextTick } from '../../util/host.js';
import { endIterable, isAsyncIterable, isNodeStream, onStreamError, pump } from '../../util/pump.js';
import {
  isObservable,
  isReadOnce,
  iteratorOf,
  type ObservableInput,
  isWebStream,
  type StreamInput,
  type WebStreamInput,
} from '../../util/stream-input.js';
import type { OutgoingCall, SourceChannel } from './outgoing-calls.js';
import { streamArgumentError } from './stream-argument-error.js';
import { StreamSender, type StreamedCall } from './stream-sender.js';

// Why a WeakSet: the property of a user's object is the user's.
const used = new WeakSet<object>();

/** Whether a source was read, and cannot be read again. */
export function isUsed(input: StreamInput): boolean {
  return used.has(input);
}

/**
 * Sends the values of a source, which is an argument of a call. The source is begun when the peer gives the first credit,
 * which it does when somebody reads there.
 */
export class SourceSender implements StreamedCall {
  isOpen = true;
  private readonly stream: StreamSender;
  private hasBegun = false;
  /** Ends the source, which has begun. */
  private stop: () => void = ignore;

  constructor(
    private readonly call: OutgoingCall,
    private readonly place: number,
    private readonly input: StreamInput,
    private channel: SourceChannel,
    private readonly limits: Limits,
  ) {
    this.stream = new StreamSender(this, limits, channel.receivedCalls, 0);
  }

  /** The call has gone out: the source may fail from now on, and the call with it. */
  watch(): void {
    const failed = onStreamError(this.input, (error) => {
      this.stream.fail(error);
    });
    if (failed)
      nextTick(() => {
        this.stream.fail(failed);
      });
  }

  /** The peer allows values up to a number. */
  grant(limit: number): void {
    if (!this.isOpen) return;
    this.stream.grant(limit);
    if (this.hasBegun || limit === 0) return;
    this.hasBegun = true;
    this.channel.receivedCalls.argumentBegun(this.stream);
    const { context } = this.call;
    if (context) context.runInAsyncScope(begin, undefined, this);
    else this.begin();
  }

  /** Ends the source: the peer wants no more of it, or its call is over. */
  end(): void {
    if (!this.isOpen) return;
    this.close();
    this.stream.close();
    if (this.hasBegun) this.stop();
    else this.release();
  }

  /** Whether nothing of the source was read. */
  get isUntouched(): boolean {
    return !this.hasBegun;
  }

  /** Another channel has the call by now. */
  moveTo(channel: SourceChannel): void {
    const before = this.channel.receivedCalls;
    this.channel = channel;
    if (!this.isOpen) return;
    if (this.hasBegun) {
      before.argumentOver(this.stream);
      channel.receivedCalls.argumentBegun(this.stream);
    }
    this.stream.moveTo(channel.receivedCalls);
  }

  // What the values ask of their call

  formatItem(n: number, value: unknown): WrittenMessage {
    const { bytes } = this.channel.extensions;
    return formatSourceItem(this.wireId, this.place, n, value, this.limits.maxDepth, bytes);
  }

  checkSize(message: WrittenMessage): void {
    checkSize(message, this.limits, this.channel.extensions);
  }

  sent(message: WrittenMessage): void {
    this.call.observation?.sent?.(message);
  }

  handlerDone(): void {
    // A source is not counted.
  }

  endWith(code: number): void {
    this.fail(new RemoteError(code));
  }

  succeed(): void {
    if (!this.isOpen) return;
    this.close();
    this.channel.outbox.sendAnswer(formatSourceEnd(this.wireId, this.place, this.nextNumber));
  }

  fail(error: unknown): void {
    if (!this.isOpen) return;
    this.close();
    this.channel.outbox.sendAnswer(this.errorMessage(error));
    this.stream.close();
    this.stop();
    this.channel.sourceFailed(this.call, error);
  }

  /** Reads the source from now on. */
  begin(): void {
    const { input } = this;
    try {
      // What is both, as a source of Nest, is better read as fast as it is sent.
      if (isObservable(input) && !isAsyncIterable(input)) this.subscribe(input);
      else this.iterate(input);
    } catch (error) {
      this.stream.fail(error);
    }
  }

  private subscribe(source: ObservableInput<unknown>): void {
    const subscription = source.subscribe({
      next: (value) => {
        this.write(value);
      },
      error: (error) => {
        this.stream.fail(error);
      },
      complete: () => {
        this.stream.end();
      },
    });
    this.stop = () => {
      this.channel.guard(() => {
        subscription.unsubscribe();
      });
    };
    // It may have brought what cannot be sent while it was subscribed to.
    if (!this.isOpen) this.stop();
  }

  private write(value: unknown): void {
    if (!this.isOpen) return;
    try {
      this.stream.write(value);
    } catch (error) {
      this.stream.fail(error);
    }
  }

  private iterate(source: Exclude<StreamInput, ObservableInput<unknown>>): void {
    if (used.has(source))
      throw streamArgumentError('A call', this.place, 'and another call has read it meanwhile');
    const iterator = iteratorOf(source);
    if (isReadOnce(source, iterator)) used.add(source);
    this.stop = () => {
      this.stop = ignore;
      // What it throws while it is ended concerns nobody: its call is over, or does not want it.
      endIterable(source, iterator).catch(ignore);
    };
    pump(iterator, this.stream).then(
      (isDone) => {
        if (isDone) this.stream.end();
        else this.stop();
      },
      (error: unknown) => {
        this.stream.fail(error);
      },
    );
  }

  private close(): void {
    this.isOpen = false;
    this.channel.receivedCalls.argumentOver(this.stream);
  }

  /** Ends a source that was never begun. Why: a file would stay open. */
  private release(): void {
    const { input } = this;
    if (isNodeStream(input)) this.channel.guard(() => input.destroy());
    // It fails for one that somebody else reads, who then ends it.
    else if (isWebStream(input)) cancel(input).catch(ignore);
  }

  private get wireId(): number {
    return this.channel.outbox.wireId(this.call.id);
  }

  private get nextNumber(): number {
    return this.stream.sentCount + 1;
  }

  /** Why without the text of an error that is no RemoteError: it is this side's own, a path of its file system say. */
  private errorMessage(error: unknown): WrittenMessage {
    const isOwn = isError(error) && typeof (error as { toJSTP?: unknown }).toJSTP !== 'function';
    const array = isOwn ? [ERR_INTERNAL_API_ERROR] : RemoteError.getJstpArrayFor(error);
    const { wireId, place, nextNumber } = this;
    try {
      const message = formatSourceError(
        wireId,
        place,
        nextNumber,
        array,
        this.limits.maxDepth,
        this.channel.extensions.bytes,
      );
      this.checkSize(message);
      return message;
    } catch {
      // The caller gets the error itself.
      return formatSourceError(wireId, place, nextNumber, [ERR_INTERNAL_API_ERROR]);
    }
  }
}

async function cancel(input: WebStreamInput<unknown>): Promise<void> {
  await input.getReader().cancel();
}

function begin(sender: SourceSender): void {
  sender.begin();
}
