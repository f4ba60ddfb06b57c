import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OutgoingStream } from '../../application/incoming-call.js';
import type { JstpContext } from '../jstp-context.js';

const flows = new WeakMap<object, IterableFlow>();

/** Decides when an async iterable under interceptors may be asked for its next value. */
export class IterableFlow {
  private stream: OutgoingStream | undefined;
  private hasBegun = false;

  /**
   * @param isAnswered whether the values go to a caller, which gives credit for them
   * @param isWanted whether the iterable runs at all: not where an event has reached the handler of a method
   */
  constructor(
    private readonly isAnswered: boolean,
    private readonly isWanted: boolean,
  ) {}

  /** Sets the stream to which the values go, after all interceptors. */
  attach(stream: OutgoingStream): void {
    this.stream = stream;
  }

  /** Resolves with true when a value may be made, with false when no values are wanted any more. */
  async ready(): Promise<boolean> {
    // Interceptors may hold or drop the first values. Until one passes them, each value has a turn of the event loop.
    if (this.hasBegun && this.isAnswered && !this.stream) await nextTurn();
    this.hasBegun = true;
    return this.stream ? this.stream.ready() : this.isWanted;
  }
}

/** Returns the flow of a message that is being handled. Makes it where there is none. */
export function flowOf(context: JstpContext): IterableFlow {
  const message = context.getArgs()[2];
  const known = flows.get(message);
  if (known) return known;
  const isAnswered = 'openStream' in message;
  const flow = new IterableFlow(isAnswered, isAnswered || message.isEvent === true);
  flows.set(message, flow);
  return flow;
}

/** Sets the stream of a call's flow, if the call's handler has returned an async iterable. */
export function attachFlow(call: object, stream: OutgoingStream): void {
  flows.get(call)?.attach(stream);
}
