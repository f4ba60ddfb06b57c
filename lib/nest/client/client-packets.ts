import type { Deserializer, ReadPacket, Serializer, WritePacket } from '@nestjs/microservices';
import type { Connection } from '../../connection/connection.js';
import type { OutgoingCall } from '../../connection/calls/outgoing-calls.js';
import { ERR_CALLBACK_LOST, ERR_NOT_CONNECTED, ERR_STREAM_MOVED } from '../../protocol/error-codes.js';
import type { Metadata } from '../../protocol/message.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { ignore, unwrapResults } from '../../util/callback.js';
import { randomId } from '../../util/random.js';
import { JstpArgs } from '../jstp-args.js';
import { fromWireError } from '../nest-error.js';
import { OrderedConversion } from '../ordered-conversion.js';
import { targetOf, type PatternNormalizer, type Target } from '../target.js';

/** Where packets go. */
interface PacketCarrier {
  /** The connection that takes what is sent; undefined: none does. */
  readonly carrier: Connection | undefined;
  /** Nobody waits for a call any more, wherever it is by now. */
  cancel(call: OutgoingCall, startedOn: Connection): void;
}

/** The user's conversions; undefined where Nest's default would change nothing. */
export interface Conversions {
  readonly serializer: Serializer | undefined;
  readonly deserializer: Deserializer | undefined;
}

type Reply = (packet: WritePacket) => void;

/** A packet, ready to be sent. */
interface Outgoing {
  readonly target: Target;
  readonly args: unknown[];
  readonly metadata: Metadata | undefined;
}

/** Nest's packets as JSTP's messages: pattern and data go out as a target and its arguments, responses come back. */
export class ClientPackets {
  private readonly outgoing = new OrderedConversion();

  /**
   * @param link where packets go
   * @param normalizePattern gives Nest's route string of a pattern
   * @param conversions gives the conversions in force; undefined: none
   */
  constructor(
    private readonly link: PacketCarrier,
    private readonly normalizePattern: PatternNormalizer,
    private readonly conversions: () => Conversions | undefined,
  ) {}

  /**
   * Calls a method; the reply gets its values, its end or its error, as Nest's clients have them.
   * @returns cancels the call if it is still under way
   */
  call(packet: ReadPacket, reply: Reply): () => void {
    const conversions = this.conversions();
    if (conversions) return this.callConverted(packet, conversions, reply);
    try {
      return this.start(this.outgoingOf(packet), reply);
    } catch (err) {
      // A pattern that cannot be made a route.
      reply({ err, isDisposed: true });
      return ignore;
    }
  }

  /** Sends an event; the Promise fails with what keeps it from being sent. */
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
        (): unknown => serializer.serialize({ ...packet }),
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
  ): () => void {
    const id = randomId();
    const take = deserializer ? deserialized(deserializer, id, reply) : reply;
    let teardown = ignore;
    let isOver = false;
    this.outgoing.run(
      (): unknown => (serializer ? serializer.serialize({ ...packet, id }) : packet),
      (serialized) => {
        if (!isOver) teardown = this.start(this.outgoingOf(packet, serialized), take, reply);
      },
      (err) => {
        reply({ err, isDisposed: true });
      },
    );
    return () => {
      isOver = true;
      teardown();
    };
  }

  /**
   * Makes the call.
   * @param reply gets what the server answers
   * @param replyLocal gets the errors of this side, which no conversion should see
   */
  private start({ target, args, metadata }: Outgoing, reply: Reply, replyLocal = reply): () => void {
    const { carrier: connection } = this.link;
    if (!connection) {
      replyLocal({ err: new RemoteError(ERR_NOT_CONNECTED), isDisposed: true });
      return ignore;
    }
    const begin = (): OutgoingCall =>
      connection.startCall(
        target.interfaceName,
        target.name,
        args,
        (error, results) => {
          if (!error) reply({ response: unwrapResults(results as unknown[]), isDisposed: true });
          else if (isMoved(error)) call = begin();
          else if (error === ERR_CALLBACK_LOST)
            replyLocal({ err: lostAnswer(target.interfaceName, target.name), isDisposed: true });
          else if (error instanceof RemoteError && call.id !== 0) {
            reply({ err: fromWireError(error, connection.extensions.nest), isDisposed: true });
          } else replyLocal({ err: error, isDisposed: true });
        },
        {
          onItem: (response) => {
            reply({ response });
          },
          metadata,
          takesArray: true,
        },
      );
    let call = begin();
    return () => {
      this.link.cancel(call, connection);
    };
  }

  private sendEvent({ target, args, metadata }: Outgoing): unknown {
    const { carrier: connection } = this.link;
    if (!connection) return new RemoteError(ERR_NOT_CONNECTED);
    return connection.sendEvent(target.interfaceName, target.name, args, metadata);
  }

  /** What a packet says, or what a serializer has made of it. */
  private outgoingOf(packet: ReadPacket, serialized: unknown = packet): Outgoing {
    const { pattern, data, metadata }: AnyPacket = isPacket(serialized)
      ? serialized
      : { ...(packet as AnyPacket), data: serialized };
    const target = targetOf(pattern === undefined ? packet.pattern : pattern, this.normalizePattern);
    return {
      target,
      args: data instanceof JstpArgs ? [...(data as JstpArgs).values] : [data],
      metadata: metadataOf(metadata),
    };
  }
}

/** Whether a stream goes on at the next server for who calls again. */
function isMoved(error: unknown): boolean {
  return error instanceof RemoteError && error.code === ERR_STREAM_MOVED;
}

/** The -1 of the core as an Error: no answer of a call will come, and whether it ran is not known. */
export function lostAnswer(interfaceName: string, name?: string): RemoteError {
  const what = name === undefined ? `the interface '${interfaceName}'` : `'${interfaceName}.${name}'`;
  const text = `The answer of ${what} is lost: the connection or its session ended before it came`;
  return new RemoteError(ERR_CALLBACK_LOST, text);
}

/** A packet as a serializer may return it: any field may be missing. */
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

/** A packet as a deserializer returns it. */
interface AnswerPacket {
  readonly err?: unknown;
  readonly response?: unknown;
  readonly isDisposed?: boolean;
}

/** A reply that goes through the user's deserializer, in order. */
function deserialized(deserializer: Deserializer, id: string, reply: Reply): Reply {
  const incoming = new OrderedConversion();
  return (packet) => {
    incoming.run(
      () => deserializer.deserialize({ ...packet, id }) as AnswerPacket | PromiseLike<AnswerPacket>,
      ({ err, response, isDisposed }) => {
        // As Nest's own clients do: an error is the end.
        if (isDisposed || err) reply({ err, response, isDisposed: true });
        else reply({ response });
      },
      (err) => {
        reply({ err, isDisposed: true });
      },
    );
  };
}
