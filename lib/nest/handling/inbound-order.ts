import type { Deserializer } from '@nestjs/microservices';
import type { Connection } from '../../connection/connection.js';
import { OrderedConversion } from '../ordered-conversion.js';

/** The argument of a deserializer. Events have no id. */
export interface IncomingPacket {
  readonly pattern: string;
  readonly data: unknown;
  readonly id?: string;
  readonly metadata?: Record<string, unknown> | undefined;
}

/** Runs the user's deserializer, which may be asynchronous, and keeps the order of each connection's messages. */
export class InboundOrder {
  private readonly conversions = new WeakMap<Connection, OrderedConversion>();
  private lastId = 0;

  constructor(private readonly deserializer: Deserializer) {}

  /** Makes the id of a call's packet. */
  nextId(): string {
    this.lastId += 1;
    return String(this.lastId);
  }

  /**
   * Reads a packet.
   * @param onData called with the data; at once, if the deserializer returns no Promise
   * @param onError called with what the deserializer throws
   */
  read(
    connection: Connection,
    packet: IncomingPacket,
    onData: (data: unknown) => void,
    onError: (error: unknown) => void,
  ): void {
    let conversion = this.conversions.get(connection);
    if (!conversion) {
      conversion = new OrderedConversion();
      this.conversions.set(connection, conversion);
    }
    const convert = (): unknown => this.deserializer.deserialize(packet);
    conversion.run(
      convert,
      (made) => {
        onData((made as { data?: unknown } | null | undefined)?.data);
      },
      onError,
    );
  }
}
