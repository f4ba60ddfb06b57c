import type { WritePacket } from '@nestjs/microservices';
import type { OutgoingCall } from '../../connection/calls/outgoing-calls.js';
import type { Connection } from '../../connection/connection.js';
import { isMoved, isNotRun, lostAnswer } from '../../connection/keeper/answers.js';
import { ERR_CALLBACK_LOST } from '../../protocol/error-codes.js';
import type { Metadata } from '../../protocol/message.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { unwrapResults } from '../../util/callback.js';
import type { Attempt, Flow, JstpRecordOptions } from '../jstp-record.js';
import { fromWireError } from '../nest-error.js';
import type { Target } from '../target.js';

/** The connection by which packets go. */
export interface PacketCarrier {
  /** The connection that sends packets now; undefined where there is none. */
  readonly carrier: Connection | undefined;
  /** Whether the server of a connection has left: calls that it has not run are for the next one. */
  hasLeft(connection: Connection): boolean;
  /** A Promise of the connection that comes next. */
  next(): Promise<Connection>;
  /** Cancels a call, on whichever connection it is by now. */
  cancel(call: OutgoingCall, startedOn: Connection, reason?: RemoteError): void;
}

/** Takes what comes for a call, in the form of Nest's clients. */
export type Reply = (packet: WritePacket) => void;

/** Cancels a call that is still under way. @param reason why; undefined: its subscriber has left */
export type Teardown = (reason?: RemoteError) => void;

/** A packet that is ready to be sent. */
export interface Outgoing {
  readonly target: Target;
  readonly args: unknown[];
  readonly metadata: Metadata | undefined;
  readonly onReplyMetadata: JstpRecordOptions['onReplyMetadata'];
  readonly attempt: Attempt | undefined;
  readonly flow: Flow | undefined;
}

/** One call of Nest's client, on whichever connection it is by now. */
export class SentCall {
  private connection: Connection | undefined = undefined;
  private call: OutgoingCall | undefined = undefined;
  private isOver = false;

  /**
   * @param reply gets the server's answer
   * @param replyLocal gets errors of this side, which a deserializer must not get
   */
  constructor(
    private readonly carrier: PacketCarrier,
    private readonly outgoing: Outgoing,
    private readonly reply: Reply,
    private readonly replyLocal: Reply,
  ) {}

  /** Makes the call. */
  start(connection: Connection): Teardown {
    this.begin(connection);
    return (reason) => {
      this.isOver = true;
      if (this.call && this.connection) this.carrier.cancel(this.call, this.connection, reason);
    };
  }

  private begin(connection: Connection): void {
    const { target, args, metadata, onReplyMetadata, attempt, flow } = this.outgoing;
    this.connection = connection;
    // Why the functions are no fields: V8 would then keep each call until a full collection.
    this.call = connection.startCall(
      target.interfaceName,
      target.name,
      args,
      (error, results) => {
        if (error) this.failed(error);
        else this.reply({ response: unwrapResults(results as unknown[]), isDisposed: true });
      },
      {
        onItem: (response) => {
          this.reply({ response });
        },
        metadata: attempt ? toldTime(metadata, attempt) : metadata,
        onReplyMetadata,
        takesArray: true,
      },
    );
    if (flow) flow.began(connection, this.call);
  }

  private failed(error: unknown): void {
    const { carrier, connection, call, outgoing } = this;
    const { args, target } = outgoing;
    const { interfaceName, name } = target;
    if (connection && isNotRun(error, args) && carrier.hasLeft(connection)) this.beginAtNext();
    else if (connection && isMoved(error, args)) this.begin(connection);
    else if (error === ERR_CALLBACK_LOST)
      this.replyLocal({ err: lostAnswer(interfaceName, name), isDisposed: true });
    else if (error instanceof RemoteError && call?.id !== 0)
      this.reply({ err: fromWireError(error, connection?.extensions.nest === true), isDisposed: true });
    else this.replyLocal({ err: error, isDisposed: true });
  }

  private beginAtNext(): void {
    this.carrier.next().then(
      (next) => {
        if (!this.isOver) this.begin(next);
      },
      (err: unknown) => {
        if (!this.isOver) this.replyLocal({ err, isDisposed: true });
      },
    );
  }
}

/** Adds how long the caller still waits, each time that the call is made: at the next server, it is less. */
function toldTime(metadata: Metadata | undefined, { remainingMs }: Attempt): Metadata | undefined {
  return remainingMs === undefined ? metadata : { ...metadata, timeout: Math.ceil(remainingMs) };
}
