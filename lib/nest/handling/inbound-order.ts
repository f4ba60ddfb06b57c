import type { Deserializer } from '@nestjs/microservices';
import type { Connection } from '../../connection/connection.js';
import { OrderedConversion } from '../ordered-conversion.js';

/** What a deserializer is given; events have no id. */
export interface IncomingPacket {
  readonly pattern: string;
  readonly data: unknown;
  readonly id?: string;
  readonly metadata?: Record<string, unknown> | undefined;
}

/** Runs the user's deserializer, which may take its time; each connection's messages stay in their order. */
export class InboundOrder {
  private readonly conversions = new WeakMap<Connection, OrderedConversion>();
  private lastId = 0;

  constructor(private readonly deserializer: Deserializer) {}

  /** A number for a call's packet. */
  nextId(): string {
    this.lastId += 1;
    return String(this.lastId);
  }

  /**
   * Reads a packet.
   * @param onData gets the data, at once where the deserializer answers at once
   * @param onError gets what it throws
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
