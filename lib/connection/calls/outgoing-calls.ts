import type { WrittenMessage } from '../../protocol/attached-message.js';
import { ERR_CALLBACK_LOST } from '../../protocol/error-codes.js';
import type { PeerTakes } from '../../protocol/message-size.js';
import type { Metadata } from '../../protocol/message.js';
import { outcomeCodeOf } from '../../protocol/outcome-code.js';
import { callWith, type Callback } from '../../util/callback.js';
import { captureContext, type AsyncContext } from '../../util/async-context.js';
import { nextTick } from '../../util/host.js';
import { IdTable } from '../../util/id-table.js';
import { endObservation, type Observed } from '../../util/observation.js';
import type { CallLimit } from './call-limit.js';
import { INITIAL_STREAM_CREDIT } from './stream-credit.js';
import type { StreamKeeper } from './stream-sender.js';

const NO_RESULTS: readonly unknown[] = [];

/**
 * What waits for an answer. 'call': a call or an inspect. 'resendable': a call that is made again where its answer is lost;
 * it outlives the close of a connection that may be brought back. 'ping': is answered as soon as the peer is known to have
 * received it.
 */
export type OutgoingKind = 'call' | 'resendable' | 'ping';

/** What the arguments of a call that are streams ask of the channel that has it. */
export interface SourceChannel {
  readonly receivedCalls: StreamKeeper;
  readonly outbox: {
    /** A number of this side as the wire has it. */
    wireId(ownId: number): number;
    /** Sends a message that is kept until it has arrived. */
    sendAnswer(message: WrittenMessage): void;
  };
  readonly extensions: PeerTakes & { readonly bytes: boolean };
  /** Runs the user's code, reporting what it throws. */
  guard(run: () => unknown): void;
  /** A source has failed, and its call with it. */
  sourceFailed(call: OutgoingCall, error: unknown): void;
}

/** The arguments of a call that are streams, and are sent while it runs. */
export interface CallSources {
  /** Which of the arguments they are, from 0. */
  readonly places: readonly number[];
  /** The one at a place. */
  get(place: number): CallSource | undefined;
  /** Another channel has the call by now. */
  moveTo(channel: SourceChannel): void;
  /** Ends all: the call is over. @param error its outcome */
  end(error?: unknown): void;
}

/** One of these, as the peer's messages drive it. */
interface CallSource {
  /** The peer allows values up to a number. */
  grant(limit: number): void;
  /** The peer wants no more of it. */
  end(): void;
}

/** A numbered message of ours that waits for its callback or pong. */
export interface OutgoingCall extends Observed {
  /** Its number, without sign; 0 until it is sent. */
  id: number;
  /** Called once with the outcome. */
  readonly callback: Callback;
  /** Whether the callback gets the results as one array, and not as arguments. */
  readonly takesArray: boolean;
  /** Takes the values of a stream as they come; undefined: the caller takes the last one as its result. */
  readonly onItem: ((value: unknown) => void) | undefined;
  /** Takes the metadata of the answer, before the callback does the outcome; undefined: nobody reads it. */
  onReplyMetadata: ((metadata: Metadata) => void) | undefined;
  /** The asynchronous context of the caller, in which the call is answered. */
  readonly context: AsyncContext | undefined;
  /** The number of the last stream value that arrived. */
  lastItem: number;
  /** The last stream value that arrived, where no `onItem` takes them. */
  lastValue: unknown;
  /** How many stream values have come and are not read; undefined: each counts as read when it comes. */
  backlog: (() => number) | undefined;
  /** The highest number of a stream value that the callee may send. */
  creditLimit: number;
  /** The highest number that the callee may believe to be allowed. A credit on its way to it is not counted yet. */
  knownLimit: number;
  readonly kind: OutgoingKind;
  /** Its arguments that are streams; undefined where none is. */
  sources: CallSources | undefined;
  /** Ends it before its answer; undefined: nothing does. */
  limit: CallLimit | undefined;
}

/** Makes a call that is not sent yet. */
export function createOutgoingCall(
  callback: Callback,
  onItem?: (value: unknown) => void,
  kind: OutgoingKind = 'call',
  takesArray = false,
): OutgoingCall {
  return {
    id: 0,
    callback,
    takesArray,
    onItem,
    onReplyMetadata: undefined,
    context: captureContext(),
    lastItem: 0,
    lastValue: undefined,
    backlog: undefined,
    creditLimit: INITIAL_STREAM_CREDIT,
    knownLimit: INITIAL_STREAM_CREDIT,
    kind,
    sources: undefined,
    limit: undefined,
    observation: undefined,
  };
}

/** Calls back with the outcome of a call. */
export function answerCall(
  call: OutgoingCall,
  error: unknown,
  results: readonly unknown[] = NO_RESULTS,
): void {
  const { callback, context, takesArray, limit, observation } = call;
  if (limit !== undefined) limit.stop();
  if (call.sources !== undefined) call.sources.end(error);
  if (observation !== undefined) endObservation(call, outcomeCodeOf(error), error);
  const run: typeof callWith = takesArray ? callWithArray : callWith;
  if (context) context.runInAsyncScope(run, undefined, callback, error, results);
  else run(callback, error, results);
}

/** Hands the metadata of an answer to the caller. */
export function tellReplyMetadata(call: OutgoingCall, metadata: Metadata): void {
  const { onReplyMetadata, context } = call;
  if (!onReplyMetadata) return;
  if (context) context.runInAsyncScope(onReplyMetadata, undefined, metadata);
  else onReplyMetadata(metadata);
}

function callWithArray(callback: Callback, error: unknown, results: readonly unknown[]): void {
  callback(error, results);
}

/** The calls (inspects, pings) of this side that are not answered yet, by number. */
export class OutgoingCalls {
  // Made with the first call: many connections of a server never call their client.
  private calls: IdTable<OutgoingCall> | undefined;

  /** @param owner runs the callbacks, reporting what they throw */
  constructor(private readonly owner: { guard(run: () => unknown): void }) {}

  /** How many wait for an answer. */
  get size(): number {
    return this.calls?.size ?? 0;
  }

  /** Whether any of them is more than a ping. */
  get hasCalls(): boolean {
    return this.size > 0 && this.all().some(({ kind }) => kind !== 'ping');
  }

  /** Adds a call under its number. */
  add(call: OutgoingCall): void {
    this.calls ??= new IdTable();
    this.calls.add(call);
  }

  /** The call of a number. */
  get(id: number): OutgoingCall | undefined {
    return this.calls?.get(id);
  }

  /** Removes a call, whose answer has come or is no longer wanted. */
  remove(id: number): OutgoingCall | undefined {
    return this.calls?.remove(id);
  }

  /** The calls whose callee has been told another credit than the first. */
  credited(): OutgoingCall[] {
    // Why also by what has come: a later credit may be as high as the first one.
    return this.all().filter((call) => call.creditLimit !== INITIAL_STREAM_CREDIT || call.lastItem > 0);
  }

  /** Takes over the calls of another connection, whose session goes on here. */
  adopt(others: OutgoingCalls, channel: SourceChannel): void {
    const calls = others.all();
    for (const call of calls) this.add(call);
    others.calls = undefined;
    for (const { sources } of calls) sources?.moveTo(channel);
  }

  /** Ends the pings up to a number: the peer has received them, and their pongs are lost. */
  endPings(id: number): void {
    this.settle(
      this.removeAll((call) => call.kind === 'ping' && call.id <= id),
      null,
    );
  }

  /** Fails the calls up to a number with -1: the peer has received them, and their answers are lost. */
  loseUpTo(id: number): void {
    this.settle(
      this.removeAll((call) => call.id <= id),
      ERR_CALLBACK_LOST,
    );
  }

  /** Fails all calls with -1, except those that a reconnect may still bring an answer. */
  loseUnlessResendable(): void {
    this.settle(
      this.removeAll((call) => call.kind !== 'resendable'),
      ERR_CALLBACK_LOST,
    );
  }

  /** Fails all calls with -1, as no answer can come any more. @returns those calls */
  loseAll(): readonly OutgoingCall[] {
    const lost = this.all();
    this.calls = undefined;
    this.settle(lost, ERR_CALLBACK_LOST);
    return lost;
  }

  /** Fails calls with -1 that were taken out before. */
  lose(calls: readonly OutgoingCall[]): void {
    this.settle(calls, ERR_CALLBACK_LOST);
  }

  private all(): OutgoingCall[] {
    return this.calls?.toArray() ?? [];
  }

  private removeAll(isWanted: (call: OutgoingCall) => boolean): OutgoingCall[] {
    const removed = this.all().filter(isWanted);
    for (const call of removed) this.calls?.remove(call.id);
    return removed;
  }

  private settle(calls: readonly OutgoingCall[], error: number | null): void {
    if (calls.length === 0) return;
    const inOrder = [...calls].sort((a, b) => a.id - b.id);
    // Later. Why: the connection is in its new state when the callbacks make calls of their own.
    nextTick(() => {
      for (const call of inOrder) {
        this.owner.guard(() => {
          answerCall(call, error);
        });
      }
    });
  }
}
