import type { ByteDecoder } from '../mdsf/index.js';
import type { ArrivedMessage, AttachedMessage } from '../protocol/attached-message.js';
import type { Limits } from '../protocol/limits.js';
import type { SizeLimit } from '../protocol/size-limit.js';
import type { ByteCounts } from './metrics/traffic-meter.js';
import type { KeptRequest } from './upgrade-request.js';

/** Less of an unfinished message than so many bytes is not counted. Why: most messages end soon, and cost nothing then. */
export const COUNTED_FROM_BYTES = 16 * 1024;

/** Gets what a transport receives: the wire of the connection that has the transport now. */
export interface TransportReceiver {
  /**
   * One whole message, its bytes or its text. The bytes are only good during the call; those of a message with others
   * behind its text do not change any more.
   */
  receiveMessage(data: ArrivedMessage): void;
  /** A ping or pong of the transport's own, which the transport has answered. */
  receivePing?(): void;
  /** So many bytes wait to be sent now. Told after a send that has left much, and with 0 when all of that has left. */
  transportWaits?(bytes: number): void;
  /**
   * So many bytes have arrived of a message that has not arrived whole, or of what comes behind a pause. Told after each
   * piece where it is {@link COUNTED_FROM_BYTES} and more, and when it is that no longer. Undefined where nobody counts.
   */
  transportHolds?(bytes: number): void;
  /** The transport is closed; with the error that ended it. Called once, last. */
  transportClosed(error: Error | undefined): void;
}

/** One two-way channel of whole messages: a socket, a TLS socket or a WebSocket. Nothing else knows sockets. */
export interface Transport {
  /** Gets messages from now on; null: they are dropped, with all that is buffered. */
  receiver: TransportReceiver | null;
  /** How this transport's bytes become text; null for one that delivers text alone. */
  readonly decoder: ByteDecoder | null;
  /** The peer's address, where it has one. */
  readonly remoteAddress: string | undefined;
  /**
   * Takes no larger message from now on; `maxMessageBytes` at first. Why: what a stranger sends is not collected.
   * Undefined where messages arrive whole: the connection checks them.
   */
  limitTo?(limit: SizeLimit): void;
  /** How many bytes wait to be sent, and what they take of memory besides, where they are many small messages. */
  readonly waiting: number;
  /**
   * Sends a message; what one tick sends goes out in as few writes as are good. Where more than
   * `limits.maxSendBufferBytes` wait, the transport is destroyed.
   */
  send(text: string): void;
  /**
   * Sends a message with bytes behind its text, as {@link send} does. Why every transport: `attachments` is agreed on
   * without a look at the transport.
   * @param onWritten called when the transport does not read the bytes any more; with an error, or not at all, where that is
   *   not sure
   */
  sendAttached(message: AttachedMessage, onWritten?: (error?: Error | null) => void): void;
  /** Sends what is waiting, then ends the transport both ways. Nothing is received any more. */
  end(): void;
  /** Ends the transport at once. */
  destroy(error?: Error): void;
  /**
   * Stops reading, until {@link resume}. What was read before may still be delivered. An end of the transport behind
   * what is unread may be noticed only by {@link send}.
   */
  pause(): void;
  /** Reads again. */
  resume(): void;
  /**
   * Delivers nothing more until all that Promises have to do has been done. Undefined where few messages come at once.
   */
  rest?(): void;
  /**
   * Whether a part of a large message has come or gone since the last question. While that goes on, no other message
   * can cross. Undefined where messages are never seen in parts.
   */
  hasMoved?(): Promise<boolean>;
  /** Counts the bytes; undefined where nothing does. */
  readonly byteCounts?: ByteCounts;
  /** The socket (or WebSocket) underneath. */
  getRawTransport(): unknown;
  /** The client's HTTP request that opened the transport; undefined where there was none. */
  readonly upgradeRequest?: KeptRequest | undefined;
  /** The peer's certificate, as Node gives it; undefined where the transport has none. */
  getPeerCertificate?(): unknown;
}

/** Opens transports of one kind. */
export interface Dialer {
  /**
   * Opens a transport with the arguments that the user gave (net: those of `net.connect`).
   * Errors, of the arguments too, go to the callback, which is called once. The caller keeps the deadline.
   * @param onAccepted called when the peer has accepted and its part begins (TLS, the upgrade), if the dialer sees that
   * @returns gives up; the callback is not called any more
   */
  dial(
    args: readonly unknown[],
    limits: Limits,
    callback: (error: Error | null, transport?: Transport) => void,
    onAccepted?: () => void,
  ): () => void;
}

/** Transport name ('net', 'tls', 'ws', 'wss') -> how to dial it. */
export type Dialers = ReadonlyMap<string, Dialer>;
