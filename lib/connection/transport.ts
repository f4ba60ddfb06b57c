import type { ByteDecoder } from '../mdsf/index.js';
import type { Limits } from '../protocol/limits.js';

/** Who gets what a transport receives: the connection that has the transport now. */
export interface TransportReceiver {
  /** One whole message, its bytes or its text. The bytes are only good during the call. */
  receiveMessage(data: Uint8Array | string): void;
  /** The link is gone, or never was well: called once, last. */
  transportClosed(error: Error | undefined): void;
}

/** A link that carries whole messages; the one thing that knows sockets. */
export interface Transport {
  /** Gets messages from now on; null: they are dropped, and what is buffered with them. */
  receiver: TransportReceiver | null;
  /** How this transport's bytes become text; null for one that delivers text alone. */
  readonly decoder: ByteDecoder | null;
  /** The peer's address, where it has one. */
  readonly remoteAddress: string | undefined;
  /** Sends a message; what one tick sends goes out in as few writes as are good. */
  send(text: string): void;
  /** Sends what is waiting, then ends the link both ways; nothing is received any more. */
  end(): void;
  /** Ends the link at once. */
  destroy(error?: Error): void;
  /**
   * Stops reading, until {@link resume}. What was read before may still be delivered; an end behind what is
   * unread may be told only when {@link send} meets it.
   */
  pause(): void;
  /** Reads again. */
  resume(): void;
  /**
   * Whether something of a large message has come or gone since the last question: while it does, nothing else can.
   * Undefined where messages are never seen in parts.
   */
  hasMoved?(): Promise<boolean>;
  /** The socket (or WebSocket) underneath. */
  getRawTransport(): unknown;
  /** The peer's certificate, as Node gives it; undefined where the link has none. */
  getPeerCertificate?(): unknown;
}

/** Opens links of one kind. */
export interface Dialer {
  /**
   * Opens a link with the arguments that the user gave (net: those of `net.connect`).
   * Errors, of the arguments too, go to the callback. It is called once, and not after the returned
   * function, which gives up. The attempt's deadline is the caller's, who is told by `onAccepted` when the
   * peer has accepted and its part begins (TLS, the upgrade), where the dialer sees that.
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
