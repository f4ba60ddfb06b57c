import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OutgoingStream } from '../../application/incoming-call.js';
import type { JstpContext } from '../jstp-context.js';

const flows = new WeakMap<object, IterableFlow>();

/** Tells when an async iterable inside of a handler may be asked for its next value. */
export class IterableFlow {
  private stream: OutgoingStream | undefined;
  private hasBegun = false;

  /**
   * @param isAnswered whether the values go to a caller, who gives credit for them
   * @param isWanted whether it is to be run at all: not where an event has named a method
   */
  constructor(
    private readonly isAnswered: boolean,
    private readonly isWanted: boolean,
  ) {}

  /** Takes the stream to which the values go in the end. */
  attach(stream: OutgoingStream): void {
    this.stream = stream;
  }

  /** Resolves when a value may be made; false when nobody waits for one. */
  async ready(): Promise<boolean> {
    // An interceptor may keep the first values, or drop them: until one comes through, each has a turn of its own.
    if (this.hasBegun && this.isAnswered && !this.stream) await nextTurn();
    this.hasBegun = true;
    return this.stream ? this.stream.ready() : this.isWanted;
  }
}

/** The flow of a message that is being handled, made when a handler gives an async iterable. */
export function flowOf(context: JstpContext): IterableFlow {
  const message = context.getArgs()[2];
  const known = flows.get(message);
  if (known) return known;
  const isAnswered = 'openStream' in message;
  const flow = new IterableFlow(isAnswered, isAnswered || message.isEvent === true);
  flows.set(message, flow);
  return flow;
}

/** Tells the iterable inside of a call's handler, if there is one, where its values go. */
export function attachFlow(call: object, stream: OutgoingStream): void {
  flows.get(call)?.attach(stream);
}
