import type { Deserializer, ReadPacket, Serializer } from '@nestjs/microservices';
import { ERR_NOT_CONNECTED } from '../../protocol/error-codes.js';
import type { Metadata } from '../../protocol/message.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { ignore } from '../../util/callback.js';
import { randomId } from '../../util/random.js';
import { JstpArgs } from '../jstp-args.js';
import { argumentsOfData, JstpRecord } from '../jstp-record.js';
import { OrderedConversion } from '../ordered-conversion.js';
import { withoutStreams } from '../stream-arguments.js';
import { targetOf, type PatternNormalizer } from '../target.js';
import { SentCall, type Outgoing, type PacketCarrier, type Reply, type Teardown } from './sent-call.js';

/** The user's serializer and deserializer; undefined where Nest's default would change nothing. */
export interface Conversions {
  readonly serializer: Serializer | undefined;
  readonly deserializer: Deserializer | undefined;
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
    const given = bare(packet);
    const streamless = withoutStreams(argumentsOfData(given.data));
    const data: unknown = streamless ? dataOf(streamless.plain, given.data) : given.data;
    this.outgoing.run(
      (): unknown => (serializer ? serializer.serialize({ ...given, data, id }) : packet),
      (serialized) => {
        if (isOver) return;
        const outgoing = this.outgoingOf(packet, serialized);
        const args = streamless ? streamless.putBack(outgoing.args) : outgoing.args;
        teardown = this.start({ ...outgoing, args }, take, reply);
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
    const { carrier } = this.carrier;
    if (!carrier) {
      replyLocal({ err: new RemoteError(ERR_NOT_CONNECTED), isDisposed: true });
      return ignore;
    }
    return new SentCall(this.carrier, outgoing, reply, replyLocal).start(carrier);
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
      flow: record?.flow,
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

/** The data of arguments, in the form in which they were given. */
function dataOf(args: unknown[], given: unknown): unknown {
  return given instanceof JstpArgs ? JstpArgs.of(...args) : args[0];
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
