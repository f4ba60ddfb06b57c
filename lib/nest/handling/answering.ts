import type { IncomingCall, OutgoingStream } from '../../application/incoming-call.js';
import type { Connection } from '../../connection/connection.js';
import { controlOf } from '../../connection/control.js';
import { UnsendableAnswer } from '../../connection/calls/unsendable-answer.js';
import { JstpArgs } from '../jstp-args.js';
import { toWireError } from '../nest-error.js';

/** A call as the Nest layer handles it. */
export type NestCall = IncomingCall<Connection>;

/** Makes the answers of calls from what handlers return. One object serves all calls of a server. */
export interface Answering {
  /** Answers with the single value of a handler. */
  value(call: NestCall, value: unknown): void;
  /** Answers with an error, as Nest's filters made it. @param code for an error without a code of its own */
  error(call: NestCall, error: unknown, code?: number): void;
  /** Starts a stream of values. Its `fail` takes an error as Nest's filters made it. */
  stream(call: NestCall): OutgoingStream;
}

/** Answers with the values as they are. */
export const plainAnswering: Answering = {
  value(call, value) {
    call.succeed(resultsOf(value));
  },
  error(call, error, code) {
    call.fail(wireError(call, error, code));
  },
  stream(call) {
    return new PlainStream(call, call.openStream());
  },
};

class PlainStream implements OutgoingStream {
  constructor(
    private readonly call: NestCall,
    private readonly stream: OutgoingStream,
  ) {}

  write(value: unknown): boolean {
    try {
      return this.stream.write(itemOf(value));
    } catch (error) {
      throw new UnsendableAnswer(this.call, error);
    }
  }

  ready(): Promise<boolean> {
    return this.stream.ready();
  }

  end(): void {
    this.stream.end();
  }

  fail(error: unknown): void {
    this.stream.fail(wireError(this.call, error));
  }
}

function wireError(call: NestCall, error: unknown, code?: number): unknown[] {
  const { connection } = call;
  return toWireError(error, connection.extensions.nest, code, (cause) => {
    controlOf(connection).reportError(new UnsendableAnswer(call, cause));
  });
}

function resultsOf(value: unknown): unknown[] {
  if (value === undefined) return [];
  return isArgs(value) ? [...value.values] : [value];
}

function isArgs(value: unknown): value is JstpArgs {
  return value instanceof JstpArgs;
}

/** Makes the one value of a stream's item. */
function itemOf(value: unknown): unknown {
  return isArgs(value) ? [...value.values] : value;
}
