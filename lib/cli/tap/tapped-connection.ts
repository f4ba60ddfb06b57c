import type { Transport, TransportReceiver } from '../../connection/transport.js';
import {
  AttachedMessage,
  textOf,
  type ArrivedMessage,
  type WrittenMessage,
} from '../../protocol/attached-message.js';
import type { Sender } from '../traffic-text.js';
import type { SeenConnection, TrafficPrinter } from './traffic-printer.js';

/** So many messages may wait to be printed before the side that sends them is not read any more. */
const MAX_UNPRINTED = 256;

/** What keeps a side from being read. */
type Hold = 'dial' | 'peer' | 'printer';

/** One side of a tapped connection: passes on what it receives to the other side. */
class Leg implements TransportReceiver {
  /** Where to: undefined until there is one. */
  other: Leg | undefined;
  private readonly holds = new Set<Hold>();
  private readonly early: WrittenMessage[] = [];
  private unprinted = 0;
  private isClosed = false;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(
    readonly transport: Transport,
    private readonly from: Sender,
    private readonly owner: TappedConnection,
  ) {
    transport.receiver = this;
  }

  receiveMessage(data: ArrivedMessage): void {
    let message: WrittenMessage;
    try {
      message = this.decoded(data);
    } catch {
      this.owner.end(`the ${this.from} has sent bytes that are no UTF-8`);
      return;
    }
    this.print(textOf(message));
    if (this.other) pass(message, this.other.transport);
    else this.early.push(message);
  }

  private decoded(data: ArrivedMessage): WrittenMessage {
    const text = data instanceof AttachedMessage ? data.text : data;
    const decoded = typeof text === 'string' ? text : this.decoder.decode(text);
    return data instanceof AttachedMessage ? data.withText(decoded) : decoded;
  }

  /** Much waits to be sent to this side, or nothing any more. */
  transportWaits(bytes: number): void {
    if (bytes > 0) this.other?.hold('peer');
    else this.other?.release('peer');
  }

  transportClosed(error: Error | undefined): void {
    this.isClosed = true;
    this.owner.end(error ? `the connection of the ${this.from} is lost` : `the ${this.from} has ended`);
  }

  /** Passes on what has come before there was another side, and all that follows. */
  connectTo(other: Leg): void {
    this.other = other;
    for (const message of this.early.splice(0)) pass(message, other.transport);
  }

  /** Reads nothing more for now. */
  hold(why: Hold): void {
    if (this.holds.size === 0 && !this.isClosed) this.transport.pause();
    this.holds.add(why);
  }

  /** Reads again, unless something else keeps it from that. */
  release(why: Hold): void {
    if (this.holds.delete(why) && this.holds.size === 0 && !this.isClosed) this.transport.resume();
  }

  private print(text: string): void {
    this.unprinted += 1;
    if (this.unprinted === MAX_UNPRINTED) this.hold('printer');
    void this.owner.printer.message(this.owner.seen, this.from, text).then(() => {
      this.unprinted -= 1;
      if (this.unprinted === 0) this.release('printer');
    });
  }
}

/** Passes a message on, with the bytes behind its text where it has any. */
function pass(message: WrittenMessage, transport: Transport): void {
  if (typeof message === 'string') transport.send(message);
  else transport.sendAttached(message);
}

/** A client and the server that it is connected to. */
export class TappedConnection {
  readonly seen: SeenConnection;
  private readonly client: Leg;
  private server: Leg | undefined;
  private isOver = false;

  /**
   * @param client the client's transport
   * @param printer prints what goes through
   * @param onEnd called once
   */
  constructor(
    client: Transport,
    readonly printer: TrafficPrinter,
    private readonly onEnd: () => void,
  ) {
    this.seen = printer.opened();
    this.client = new Leg(client, 'client', this);
    this.client.hold('dial');
  }

  /** Takes the server's transport, or ends it where the client has gone. */
  connected(transport: Transport): void {
    if (this.isOver) {
      transport.destroy();
      return;
    }
    this.server = new Leg(transport, 'server', this);
    this.server.connectTo(this.client);
    this.client.connectTo(this.server);
    this.client.release('dial');
  }

  /** Ends both sides, when what was passed on has left. @param reason for the user */
  end(reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.printer.closed(this.seen, reason);
    this.client.transport.end();
    this.server?.transport.end();
    this.onEnd();
  }
}
