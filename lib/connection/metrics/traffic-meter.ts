/** What counts the bytes of one transport: a socket. */
export interface ByteCounts {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** Bytes that have crossed the network. */
export interface Traffic {
  /** How many bytes have come. */
  readonly received: number;
  /** How many bytes were sent. */
  readonly sent: number;
}

/** Adds up what sockets have counted. Why it reads their own counts: that costs nothing while bytes flow. */
export class TrafficMeter {
  private readonly open = new Set<ByteCounts>();
  private received = 0;
  private sent = 0;

  /** A socket is open. */
  opened(socket: ByteCounts): void {
    this.open.add(socket);
  }

  /** A socket is closed; its counts are final. */
  closed(socket: ByteCounts): void {
    if (!this.open.delete(socket)) return;
    this.received += socket.bytesRead;
    this.sent += socket.bytesWritten;
  }

  read(): Traffic {
    let { received, sent } = this;
    for (const { bytesRead, bytesWritten } of this.open) {
      received += bytesRead;
      sent += bytesWritten;
    }
    return { received, sent };
  }
}
