import { LimitError } from '../../protocol/limit-error.js';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { COUNTED_FROM_BYTES, type Transport, type TransportReceiver } from '../../connection/transport.js';
import type { KeptRequest } from '../../connection/upgrade-request.js';
import { END_TIMEOUT_MS, type Limits } from '../../protocol/limits.js';
import {
  ATTACHED,
  endOfText,
  isMostly,
  openAttached,
  type AttachedMessage,
} from '../../protocol/attached-message.js';
import { partsOf } from '../../protocol/message-parts.js';
import { refusedSizeError } from '../../protocol/message-size.js';
import { OversizeError } from '../../protocol/oversize-error.js';
import { ProtocolError } from '../../protocol/protocol-error.js';
import { tighterLimit, type SizeLimit } from '../../protocol/size-limit.js';
import { sharedDeadlines, type Expirable } from '../../util/shared-deadlines.js';
import { nodeDecoder } from '../node-decoder.js';
import { attachedHead, encodeParts } from '../socket/write-text.js';
import {
  heldBytes,
  isMidMessage,
  joinChunks,
  setMaxPayload,
  takenBytes,
  tellsWhenWritten,
} from '../node-internals.js';
import { clientAddressOf } from '../proxy/client-address.js';
import { ReceiveGuard, type ReceiveGuardOwner } from '../receive-guard.js';
import { SendGuard, type SendGuardOwner } from '../send-guard.js';
import { TransferProgress } from '../transfer-progress.js';
import { DirectFrames } from './direct-frames.js';
import { writeMaskedFrames } from './masked-frames.js';

/** The largest frame, in bytes. Why: the reference's client refuses frames over 1 MiB. */
const FRAME_BYTES = 512 * 1024;
/** A UTF-16 unit takes at most this many bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3;
const NORMAL_CLOSURE = 1000;
const MESSAGE_TOO_BIG = 1009;
/** What the codes of `ws` begin with for what a peer may not send; and that of a message that is too large. */
const RULE_BROKEN = 'WS_ERR_';
const TOO_LARGE = 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';

/** JSTP over a WebSocket: each message is a WebSocket message of text, without a NUL (docs/protocol.md). */
export class WebSocketTransport implements Transport, SendGuardOwner, ReceiveGuardOwner, Expirable {
  receiver: TransportReceiver | null = null;
  readonly decoder = nodeDecoder;
  readonly remoteAddress: string | undefined;
  private readonly guard: SendGuard;
  private isOpen = true;
  private isCorked = false;
  private closeError: Error | undefined;
  /** The limit that holds for what is received. */
  private limit: SizeLimit = 'maxMessageBytes';
  /** The largest message, in bytes, that the WebSocket was made for. It takes less until the handshake is done. */
  private payloadAfter: number | undefined;
  private progress: TransferProgress | undefined;
  private receiveGuard: ReceiveGuard | undefined;
  /** What was told last of a message that has not arrived whole, in bytes. */
  private held = 0;
  private isPaused = false;
  /** What reads large frames, from the first of them on. */
  private frames: DirectFrames | undefined;
  /** How many complete messages were received. */
  private messages = 0;
  /** {@link messages} at the last question about progress. */
  private messagesBefore: number | undefined;

  /**
   * @param webSocket an open WebSocket, which belongs to the transport from now on
   * @param socket the socket underneath
   * @param limits the limits of this side
   * @param upgradeRequest the request of the client, on the server's side
   */
  constructor(
    private readonly webSocket: WebSocket,
    private readonly socket: Socket,
    private readonly limits: Limits,
    readonly upgradeRequest?: KeptRequest,
  ) {
    this.remoteAddress = clientAddressOf(socket);
    this.guard = new SendGuard(socket, limits, this);
    socket.setNoDelay(true);
    // Why in pieces: what `ws` joins, it copies.
    webSocket.binaryType = 'fragments';
    webSocket.on('message', (data: Buffer | Buffer[]) => {
      this.received(data);
    });
    // After the listener of `ws`, which has taken the chunk apart by then.
    socket.on('data', () => {
      this.chunkCame();
    });
    const receivePing = (): void => {
      if (!this.isOpen) return;
      // The pongs to the pings that follow in the same chunk are written at once.
      this.cork();
      this.receiver?.receivePing?.();
      // `ws` has ended it without a word.
      if (this.webSocket.readyState !== this.webSocket.OPEN)
        this.destroy(
          new LimitError('maxPingBurst', 'More pings than limits.maxPingBurst, whose pongs are not taken'),
        );
    };
    webSocket.on('ping', receivePing).on('pong', receivePing);
    webSocket.on('error', (error) => {
      this.failed(this.toOwnError(error));
    });
    webSocket.on('close', (code) => {
      if (code === MESSAGE_TOO_BIG) this.closeError ??= refusedSizeError();
      this.closed();
    });
  }

  getRawTransport(): WebSocket {
    return this.webSocket;
  }

  get byteCounts(): Socket {
    return this.socket;
  }

  getPeerCertificate(): unknown {
    return (this.socket as Partial<PeerCertificateSource>).getPeerCertificate?.();
  }

  get waiting(): number {
    return this.socket.writableLength + this.guard.overhead;
  }

  limitTo(limit: SizeLimit): void {
    const { webSocket, limits } = this;
    this.limit = tighterLimit(limits, limit);
    if (limit === 'maxHandshakeBytes') this.payloadAfter ??= setMaxPayload(webSocket, limits[this.limit]);
    else if (this.payloadAfter !== undefined) setMaxPayload(webSocket, this.payloadAfter);
  }

  send(text: string): void {
    if (!this.isOpen || !this.guard.admits()) return;
    this.cork();
    // As bytes where it has to wait. Why: of a text that waits, Node counts the UTF-16 units.
    if (text.length * MAX_BYTES_PER_UNIT <= FRAME_BYTES && !this.socket.writableNeedDrain)
      this.webSocket.send(text);
    else this.sendInFrames(encodeParts(partsOf(text)));
    this.guard.wrote();
  }

  sendAttached(message: AttachedMessage, onWritten?: (error?: Error | null) => void): void {
    if (!this.isOpen || !this.guard.admits()) return;
    if (this.isMasking) {
      writeMaskedFrames(this.socket, message);
      // What waits is a copy.
      onWritten?.();
      this.guard.wrote();
      return;
    }
    this.cork();
    this.webSocket.send(attachedHead(message), { binary: true, fin: false });
    const told = onWritten && tellsWhenWritten(this.socket) ? onWritten : undefined;
    this.webSocket.send(message.bytes, { binary: true, fin: true }, told);
    this.guard.wrote();
  }

  end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.webSocket.close(NORMAL_CLOSURE);
    // Goes on reading to see the peer's end. What arrives until then is dropped.
    this.webSocket.resume();
    sharedDeadlines(END_TIMEOUT_MS).add(this);
  }

  destroy(error?: Error): void {
    this.isOpen = false;
    this.closeError ??= error;
    this.webSocket.terminate();
  }

  /** Stops reading. Messages of the last chunk are still delivered. */
  pause(): void {
    this.isPaused = true;
    this.receiveGuard?.paused();
    this.webSocket.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.webSocket.resume();
  }

  hasMoved(): Promise<boolean> {
    const { socket } = this;
    const hasReceived = this.messages !== this.messagesBefore;
    this.messagesBefore = this.messages;
    this.progress ??= new TransferProgress(socket);
    return this.progress.hasMoved({
      received: socket.bytesRead,
      isMidMessage: !hasReceived,
      sent: takenBytes(socket),
      waiting: socket.writableLength,
    });
  }

  /** @internal The message whose end has not arrived. */
  get unfinished(): number | undefined {
    return this.isOpen && isMidMessage(this.webSocket) ? this.messages : undefined;
  }

  /** @internal Whether the peer is heard. */
  get isReading(): boolean {
    return this.isOpen && !this.isPaused;
  }

  /** @internal Terminates the WebSocket, since the peer did not answer the closing handshake in time. */
  expire(): void {
    this.webSocket.terminate();
  }

  /** @internal Tells of what waits in the socket. */
  noteWaiting(bytes: number): void {
    this.receiver?.transportWaits?.(bytes);
  }

  /** Whether the frames of this side are masked, and `ws` does nothing else with them. */
  private get isMasking(): boolean {
    const { webSocket } = this;
    const isClient = this.upgradeRequest === undefined;
    return isClient && webSocket.extensions === '' && webSocket.readyState === webSocket.OPEN;
  }

  /** Looks at what a chunk has left behind. */
  private chunkCame(): void {
    if (this.unfinished === undefined && this.held === 0) return;
    joinChunks(this.webSocket);
    if (this.isReading)
      this.frames ??= DirectFrames.of(this.webSocket, this.socket, () => {
        this.chunkCame();
      });
    const held = this.isOpen ? heldBytes(this.webSocket) + (this.frames?.held ?? 0) : 0;
    if (held >= COUNTED_FROM_BYTES || this.held >= COUNTED_FROM_BYTES) {
      this.held = held;
      this.receiver?.transportHolds?.(held);
    }
    if (!this.receiveGuard && this.unfinished !== undefined) this.guardMessage();
  }

  private guardMessage(): void {
    if (!ReceiveGuard.isNeeded(this.limits)) return;
    this.receiveGuard = new ReceiveGuard(this.socket, this.limits, this, () => {
      this.receiveGuard = undefined;
    });
  }

  private sendInFrames(bytes: Buffer): void {
    for (let start = 0; start < bytes.length; start += FRAME_BYTES) {
      const end = start + FRAME_BYTES;
      this.webSocket.send(bytes.subarray(start, end), { binary: false, fin: end >= bytes.length });
    }
  }

  /** Collects what one tick sends, so that it is written at once. */
  private cork(): void {
    if (this.isCorked) return;
    this.isCorked = true;
    this.socket.cork();
    process.nextTick(uncork, this);
  }

  /** @internal Writes what a tick has collected, when it ends. */
  uncork(): void {
    this.isCorked = false;
    this.socket.uncork();
  }

  private received(data: Buffer | Buffer[]): void {
    if (!this.isOpen || !this.receiver) return;
    this.messages += 1;
    if (Array.isArray(data) && data[0]?.[0] === ATTACHED) {
      this.receivedAttached(data);
      return;
    }
    const bytes = Array.isArray(data) ? Buffer.concat(data) : data;
    if (bytes.includes(0)) this.destroy(new ProtocolError('A WebSocket message with a NUL in it'));
    else this.receiver.receiveMessage(bytes);
  }

  private receivedAttached(pieces: readonly Buffer[]): void {
    try {
      this.receiver?.receiveMessage(joinAttached(pieces));
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  /** Handles an error: the peer broke the rules of WebSockets, which `ws` tells it by a close frame, or the transport is lost. */
  private failed(error: Error): void {
    this.isOpen = false;
    this.closeError ??= error;
    sharedDeadlines(END_TIMEOUT_MS).add(this);
  }

  /** Makes an error of this package of what `ws` found wrong in what the peer has sent. */
  private toOwnError(error: Error): Error {
    const { code } = error as NodeJS.ErrnoException;
    if (code === TOO_LARGE) return new OversizeError(this.limits[this.limit], this.limit);
    // Why: a RangeError would look like a fault of the application.
    return code?.startsWith(RULE_BROKEN) ? new ProtocolError(error.message, { cause: error }) : error;
  }

  private closed(): void {
    this.isOpen = false;
    sharedDeadlines(END_TIMEOUT_MS).delete(this);
    this.guard.stop();
    this.receiveGuard?.stop();
    const { receiver } = this;
    this.receiver = null;
    receiver?.transportClosed(this.closeError);
  }
}

/** The part of a TLS socket that a plain one lacks. */
interface PeerCertificateSource {
  getPeerCertificate(): unknown;
}

/** Takes a message apart that has come in frames. Those of this package have its bytes in one of their own. */
function joinAttached(frames: readonly Buffer[]): AttachedMessage<Uint8Array> {
  const [head, bytes] = frames;
  if (frames.length === 2 && endOfText(head) === head.length) return openAttached(head, ownMemory(bytes));
  return openAttached(frames.length === 1 ? ownMemory(head) : Buffer.concat(frames));
}

/** A frame, copied where `ws` may still read what is behind it in the same memory, and a view of it may be kept. */
function ownMemory(frame: Buffer): Buffer {
  return isMostly(frame) && frame.length < frame.buffer.byteLength ? Buffer.from(frame) : frame;
}

function uncork(transport: WebSocketTransport): void {
  transport.uncork();
}
