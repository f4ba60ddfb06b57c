import type { Transport, TransportReceiver } from '../../connection/transport.js';
import {
  ATTACHED,
  ATTACHED_HEADER_BYTES,
  type AttachedMessage,
  openAttached,
  writeAttachedHeader,
  type ArrivedMessage,
} from '../../protocol/attached-message.js';
import { JstpError } from '../../protocol/jstp-error.js';
import { END_TIMEOUT_MS, type Limits } from '../../protocol/limits.js';
import { ProtocolError } from '../../protocol/protocol-error.js';
import { ignore } from '../../util/callback.js';
import { nextTick } from '../../util/host.js';
import { startPatientTimer, startTimer, stopTimer, type Timer } from '../../util/timer.js';
import { leastRead, slowPeerError, stalledPeerError } from '../../protocol/slow-peer.js';
import { SendRoom } from '../send-room.js';
import { decodeUtf8, detachWebSocket, encodeUtf8, type BrowserWebSocket } from './browser-websocket.js';

const NORMAL_CLOSURE = 1000;
/** Less than this, in bytes, waits too often to tell of it: a browser sends when the program has ended its turn. */
const TOLD_FROM_BYTES = 64 * 1024;
/** How often a browser is asked whether all has left, which it does not tell, in milliseconds. */
const ASK_EVERY_MS = 20;

type Data = string | ArrayBuffer;

/** JSTP over the platform's WebSocket. Messages are texts, both ways. */
export class BrowserTransport implements Transport {
  receiver: TransportReceiver | null = null;
  readonly remoteAddress = undefined;
  readonly decoder = null;
  /** Does nothing: a browser cannot stop reading, and what arrives is delivered. */
  readonly pause = ignore;
  readonly resume = ignore;
  private isOpen = true;
  private closeError: Error | undefined;
  private endTimer: Timer | undefined;
  private stallTimer: Timer | undefined;
  private drainTimer: Timer | undefined;
  /** How many bytes were sent. */
  private sent = 0;
  /** How many bytes waited at the last call of {@link hasMoved}. */
  private waitingBefore = 0;
  private readonly room: SendRoom;

  /** @param webSocket an open WebSocket, which belongs to the transport from now on */
  constructor(
    private readonly webSocket: BrowserWebSocket,
    private readonly limits: Limits,
  ) {
    this.room = new SendRoom(limits.maxSendBufferBytes);
    webSocket.onmessage = ({ data }) => {
      this.received(data);
    };
    webSocket.onerror = ({ message }) => {
      this.destroy(new JstpError('ERR_JSTP_WEBSOCKET', message ?? 'The WebSocket failed'));
    };
    webSocket.onclose = () => {
      this.closed();
    };
  }

  getRawTransport(): unknown {
    return this.webSocket;
  }

  send(text: string): void {
    this.write(text);
  }

  sendAttached({ text, bytes }: AttachedMessage): void {
    const encoded = encodeUtf8(text);
    const message = new Uint8Array(ATTACHED_HEADER_BYTES + encoded.length + bytes.length);
    writeAttachedHeader(message, encoded.length, bytes.length);
    message.set(encoded, ATTACHED_HEADER_BYTES);
    message.set(bytes, ATTACHED_HEADER_BYTES + encoded.length);
    this.write(message);
  }

  private write(message: string | Uint8Array): void {
    if (!this.isOpen) return;
    const { webSocket, limits } = this;
    const before = webSocket.bufferedAmount;
    if (!this.room.admits(before)) {
      this.destroy(slowPeerError());
      return;
    }
    webSocket.send(message);
    const { waiting } = this;
    this.room.sent(waiting);
    this.sent += waiting - before;
    if (waiting > 0 && !this.stallTimer && limits.sendStallTimeoutMs > 0) this.watch();
    if (waiting >= TOLD_FROM_BYTES) this.tellWaiting(waiting);
  }

  get waiting(): number {
    return this.webSocket.bufferedAmount;
  }

  end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.webSocket.close(NORMAL_CLOSURE);
    // Some browsers wait a minute for the peer's answer.
    this.endTimer = startPatientTimer(END_TIMEOUT_MS, () => {
      this.closed();
    });
  }

  destroy(error?: Error): void {
    this.isOpen = false;
    this.closeError ??= error;
    this.webSocket.close();
    // A browser has no harder end than the closing handshake, which the connection does not wait for.
    nextTick(() => {
      this.closed();
    });
  }

  hasMoved(): Promise<boolean> {
    const { bufferedAmount } = this.webSocket;
    const hasMoved = bufferedAmount < this.waitingBefore;
    this.waitingBefore = bufferedAmount;
    return Promise.resolve(hasMoved);
  }

  private received(data: Data): void {
    if (!this.isOpen || !this.receiver) return;
    try {
      this.receiver.receiveMessage(this.messageOf(data));
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  private messageOf(data: Data): ArrivedMessage {
    // A text has at least as many bytes as UTF-16 units.
    if (sizeOf(data) > this.limits.maxMessageBytes)
      throw new ProtocolError(`Message of more than ${this.limits.maxMessageBytes} bytes`);
    const bytes = typeof data === 'string' ? undefined : new Uint8Array(data);
    if (bytes?.[0] === ATTACHED) {
      const message = openAttached(bytes);
      return message.withText(textOf(message.text));
    }
    const text = typeof data === 'string' ? data : textOf(data);
    if (text.includes('\0')) throw new ProtocolError('A WebSocket message with a NUL in it');
    return text;
  }

  private watch(): void {
    const { limits, read: readBefore } = this;
    this.stallTimer = startPatientTimer(limits.sendStallTimeoutMs, () => {
      this.stallTimer = undefined;
      const read = this.read - readBefore;
      if (this.waiting === 0) return;
      if (read >= leastRead(limits)) this.watch();
      else this.destroy(stalledPeerError(read > 0));
    });
  }

  /** How many bytes the peer has read, as far as that can be seen. */
  private get read(): number {
    return this.sent - this.waiting;
  }

  private tellWaiting(bytes: number): void {
    this.receiver?.transportWaits?.(bytes);
    if (!this.drainTimer) this.awaitDrain();
  }

  private awaitDrain(): void {
    this.drainTimer = startTimer(ASK_EVERY_MS, () => {
      this.drainTimer = undefined;
      if (this.waiting > 0) this.awaitDrain();
      else this.receiver?.transportWaits?.(0);
    });
  }

  private closed(): void {
    this.isOpen = false;
    detachWebSocket(this.webSocket);
    stopTimer(this.endTimer);
    stopTimer(this.drainTimer);
    stopTimer(this.stallTimer);
    const { receiver } = this;
    this.receiver = null;
    receiver?.transportClosed(this.closeError);
  }
}

function textOf(data: ArrayBuffer | Uint8Array): string {
  try {
    return decodeUtf8(data);
  } catch (cause) {
    throw new ProtocolError('A binary message that is no UTF-8', { cause });
  }
}

function sizeOf(data: Data): number {
  return typeof data === 'string' ? data.length : data.byteLength;
}
