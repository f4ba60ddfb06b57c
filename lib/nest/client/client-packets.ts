import type { Deserializer, ReadPacket, Serializer, WritePacket } from '@nestjs/microservices';
import type { Connection } from '../../connection/connection.js';
import type { OutgoingCall } from '../../connection/calls/outgoing-calls.js';
import { isMoved, isNotRun, lostAnswer } from '../../connection/keeper/answers.js';
import { ERR_CALLBACK_LOST, ERR_NOT_CONNECTED } from '../../protocol/error-codes.js';
import type { Metadata } from '../../protocol/message.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { ignore, unwrapResults } from '../../util/callback.js';
import { randomId } from '../../util/random.js';
import { argumentsOfData, JstpRecord, type Attempt, type JstpRecordOptions } from '../jstp-record.js';
import { fromWireError } from '../nest-error.js';
import { OrderedConversion } from '../ordered-conversion.js';
import { targetOf, type PatternNormalizer, type Target } from '../target.js';

/** The connection by which packets go. */
interface PacketCarrier {
  /** The connection that sends packets now; undefined where there is none. */
  readonly carrier: Connection | undefined;
  /** Whether the server of a connection has left: calls that it has not run are for the next one. */
  hasLeft(connection: Connection): boolean;
  /** A Promise of the connection that comes next. */
  next(): Promise<Connection>;
  /** Cancels a call, on whichever connection it is by now. */
  cancel(call: OutgoingCall, startedOn: Connection, reason?: RemoteError): void;
}

/** The user's serializer and deserializer; undefined where Nest's default would change nothing. */
export interface Conversions {
  readonly serializer: Serializer | undefined;
  readonly deserializer: Deserializer | undefined;
}

type Reply = (packet: WritePacket) => void;

/** Cancels a call that is still under way. @param reason why; undefined: its subscriber has left */
type Teardown = (reason?: RemoteError) => void;

/** A packet that is ready to be sent. */
interface Outgoing {
  readonly target: Target;
  readonly args: unknown[];
  readonly metadata: Metadata | undefined;
  readonly onReplyMetadata: JstpRecordOptions['onReplyMetadata'];
  readonly attempt: Attempt | undefined;
}

/** Sends Nest's packets as JSTP's messages: the pattern as the target, the data as arguments. Hands responses back. */
export class ClientPackets {
  private readonly outgoing = new OrderedConversion();

  /**
   * @param carrier the connection by which packets go
   * @param normalizePattern makes Nest's route string of a pattern
   * @param conversions returns the conversions in force; undefined: none
   */
  constructor(
    private readonly carrier: PacketCarrier,
    private readonly normalizePattern: PatternNormalizer,
    private readonly conversions: () => Conversions | undefined,
  ) {}

  /**
   * Calls a method. The reply gets the values, the end or the error, in the form of Nest's clients.
   * @returns a function that cancels the call if it is still under way
   */
  call(packet: ReadPacket, reply: Reply): Teardown {
    const conversions = this.conversions();
    if (conversions) return this.callConverted(packet, conversions, reply);
    try {
      return this.start(this.outgoingOf(packet), reply);
    } catch (err) {
      // No route can be made of the pattern.
      reply({ err, isDisposed: true });
      return ignore;
    }
  }

  /** Sends an event. The Promise rejects where it cannot be sent. */
  emit(packet: ReadPacket): Promise<undefined> {
    const serializer = this.conversions()?.serializer;
    return new Promise((resolve, reject) => {
      const send = (outgoing: Outgoing): void => {
        const error = this.sendEvent(outgoing);
        if (error === undefined) resolve(undefined);
        else reject(error);
      };
      if (!serializer) {
        send(this.outgoingOf(packet));
        return;
      }
      this.outgoing.run(
        (): unknown => serializer.serialize({ ...bare(packet) }),
        (serialized) => {
          send(this.outgoingOf(packet, serialized));
        },
        reject,
      );
    });
  }

  private callConverted(
    packet: ReadPacket,
    { serializer, deserializer }: Conversions,
    reply: Reply,
  ): Teardown {
    const id = randomId();
    const take = deserializer ? deserialized(deserializer, id, reply) : reply;
    let teardown: Teardown = ignore;
    let isOver = false;
    this.outgoing.run(
      (): unknown => (serializer ? serializer.serialize({ ...bare(packet), id }) : packet),
      (serialized) => {
        if (!isOver) teardown = this.start(this.outgoingOf(packet, serialized), take, reply);
      },
      (err) => {
        reply({ err, isDisposed: true });
      },
    );
    return (reason) => {
      isOver = true;
      teardown(reason);
    };
  }

  /**
   * Makes the call.
   * @param reply gets the server's answer
   * @param replyLocal gets errors of this side, which the deserializer must not get
   */
  private start(outgoing: Outgoing, reply: Reply, replyLocal = reply): Teardown {
    const { target, args, metadata, onReplyMetadata, attempt } = outgoing;
    const { carrier } = this;
    const first = carrier.carrier;
    if (!first) {
      replyLocal({ err: new RemoteError(ERR_NOT_CONNECTED), isDisposed: true });
      return ignore;
    }
    let connection = first;
    let isOver = false;
    const begin = (on: Connection): OutgoingCall => {
      connection = on;
      return on.startCall(
        target.interfaceName,
        target.name,
        args,
        (error, results) => {
          if (!error) reply({ response: unwrapResults(results as unknown[]), isDisposed: true });
          else if (isNotRun(error) && carrier.hasLeft(on)) beginAtNext();
          else if (isMoved(error)) call = begin(on);
          else if (error === ERR_CALLBACK_LOST)
            replyLocal({ err: lostAnswer(target.interfaceName, target.name), isDisposed: true });
          else if (error instanceof RemoteError && call.id !== 0) {
            reply({ err: fromWireError(error, on.extensions.nest), isDisposed: true });
          } else replyLocal({ err: error, isDisposed: true });
        },
        {
          onItem: (response) => {
            reply({ response });
          },
          metadata: attempt ? toldTime(metadata, attempt) : metadata,
          onReplyMetadata,
          takesArray: true,
        },
      );
    };
    const beginAtNext = (): void => {
      carrier.next().then(
        (next) => {
          if (!isOver) call = begin(next);
        },
        (err: unknown) => {
          if (!isOver) replyLocal({ err, isDisposed: true });
        },
      );
    };
    let call = begin(connection);
    return (reason) => {
      isOver = true;
      carrier.cancel(call, connection, reason);
    };
  }

  private sendEvent({ target, args, metadata }: Outgoing): unknown {
    const { carrier: connection } = this.carrier;
    if (!connection) return new RemoteError(ERR_NOT_CONNECTED);
    return connection.sendEvent(target.interfaceName, target.name, args, metadata);
  }

  /** Makes the message of a packet, or of what a serializer has made of it. */
  private outgoingOf(packet: ReadPacket, serialized: unknown = bare(packet)): Outgoing {
    const { pattern, data, metadata }: AnyPacket = isPacket(serialized)
      ? serialized
      : { ...(bare(packet) as AnyPacket), data: serialized };
    const target = targetOf(pattern === undefined ? packet.pattern : pattern, this.normalizePattern);
    const record = packet.data instanceof JstpRecord ? packet.data : undefined;
    return {
      target,
      args: argumentsOfData(data),
      metadata: metadataOf(metadata),
      onReplyMetadata: record?.options.onReplyMetadata,
      attempt: record?.attempt,
    };
  }
}

/**
 * The packet of a record's data. What the record says about this one message comes before what a dispatch hook says
 * about all.
 */
function bare(packet: ReadPacket): BarePacket {
  const record: unknown = packet.data;
  if (!(record instanceof JstpRecord)) return packet;
  const { metadata }: AnyPacket = packet;
  return {
    ...packet,
    data: record.data as unknown,
    metadata: { ...metadataOf(metadata), ...record.options.metadata },
  };
}

/** Adds how long the caller still waits, each time that the call is made: at the next server, it is less. */
function toldTime(metadata: Metadata | undefined, { remainingMs }: Attempt): Metadata | undefined {
  return remainingMs === undefined ? metadata : { ...metadata, timeout: Math.ceil(remainingMs) };
}

type BarePacket = Pick<ReadPacket, 'pattern' | 'data'> & { readonly metadata?: unknown };

/** A packet that a serializer may return: any field may be missing. */
interface AnyPacket {
  readonly pattern?: unknown;
  readonly data?: unknown;
  readonly metadata?: unknown;
}

function isPacket(value: unknown): value is AnyPacket {
  return typeof value === 'object' && value !== null && ('data' in value || 'pattern' in value);
}

function metadataOf(value: unknown): Metadata | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Metadata)
    : undefined;
}

/** A packet that a deserializer returns. */
interface AnswerPacket {
  readonly err?: unknown;
  readonly response?: unknown;
  readonly isDisposed?: boolean;
}

/** Makes a reply that passes the user's deserializer, in order. */
function deserialized(deserializer: Deserializer, id: string, reply: Reply): Reply {
  const incoming = new OrderedConversion();
  return (packet) => {
    incoming.run(
      () => deserializer.deserialize({ ...packet, id }) as AnswerPacket | PromiseLike<AnswerPacket>,
      ({ err, response, isDisposed }) => {
        // An error is the end, as in Nest's own clients.
        if (isDisposed || err) reply({ err, response, isDisposed: true });
        else reply({ response });
      },
      (err) => {
        reply({ err, isDisposed: true });
      },
    );
  };
}
