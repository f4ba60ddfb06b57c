import type { CallOptions } from '../connection/calls/call-options.js';
import type { OutgoingCall } from '../connection/calls/outgoing-calls.js';
import type { Connection } from '../connection/connection.js';
import type { Metadata } from '../protocol/message.js';
import type { RemoteError } from '../protocol/remote-error.js';
import { JstpArgs } from './jstp-args.js';

/** What a {@link JstpRecord} says besides its data. */
export interface JstpRecordOptions {
  /** Plain data that travels beside the arguments. @default none */
  readonly metadata?: Metadata | undefined;
  /** Gets the metadata of the answer, if it has any, before its last value. @default none */
  readonly onReplyMetadata?: ((metadata: Metadata) => void) | undefined;
  /**
   * Milliseconds until the answer, or the end of a stream; 0: any time. Events have none. @default that of the method, or
   * of the client
   */
  readonly timeout?: number | undefined;
  /** Cancels the call when it fires. @default none */
  readonly signal?: AbortSignal | undefined;
  /** Whether the call may be repeated (`retry` of JstpClient). @default as declared for the method */
  readonly idempotent?: boolean | undefined;
}

/** One attempt of a call that may be limited. */
export interface Attempt {
  /** What is left of the call's time, in milliseconds; undefined: any time. */
  readonly remainingMs: number | undefined;
  /** Why it is given up; undefined: its subscriber has left. */
  readonly reason: RemoteError | undefined;
}

/** The reader of a call's values, told when the call has gone out. */
export interface Flow {
  began(connection: Connection, call: OutgoingCall): void;
}

/** Data for `send` or `emit`, with what is said about this one message. {@link JstpRecordBuilder} makes it. */
export class JstpRecord<Data = unknown> {
  constructor(
    /** The payload, or `JstpArgs` for several arguments. */
    readonly data: Data,
    readonly options: JstpRecordOptions = {},
    /** @internal The attempt that it is sent by, which knows how long its caller still waits. */
    readonly attempt?: Attempt,
    /** @internal Who reads the values of the answer one by one. */
    readonly flow?: Flow,
  ) {}
}

/** The arguments of a call or event. */
export function argumentsOfData(data: unknown): unknown[] {
  return data instanceof JstpArgs ? [...(data as JstpArgs).values] : [data];
}

/** The arguments that were given one by one, of which the only one may be a record. */
export function messageOf(args: unknown[]): { readonly args: unknown[]; readonly options?: CallOptions } {
  const [record] = args;
  if (args.length !== 1 || !(record instanceof JstpRecord)) return { args };
  return { args: argumentsOfData(record.data), options: record.options };
}
