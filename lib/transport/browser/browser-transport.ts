import type { Transport, TransportReceiver } from '../../connection/transport.js';
import { JstpError } from '../../protocol/jstp-error.js';
import { END_TIMEOUT_MS, type Limits } from '../../protocol/limits.js';
import { ProtocolError } from '../../protocol/protocol-error.js';
import { ignore } from '../../util/callback.js';
import { nextTick } from '../../util/host.js';
import { startPatientTimer, stopTimer, type Timer } from '../../util/timer.js';
import { decodeUtf8, detachWebSocket, type BrowserWebSocket } from './browser-websocket.js';

const NORMAL_CLOSURE = 1000;

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
  /** How many bytes waited after the last send, or when the watch over the peer's reading began. */
  private waiting = 0;
  /** Whether the peer has read anything since that watch began. */
  private hasRead = false;
  /** How many bytes waited at the last call of {@link hasMoved}. */
  private waitingBefore = 0;

  /** @param webSocket an open WebSocket, which belongs to the transport from now on */
  constructor(
    private readonly webSocket: BrowserWebSocket,
    private readonly limits: Limits,
  ) {
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
    if (!this.isOpen) return;
    const { webSocket, limits } = this;
    if (webSocket.bufferedAmount < this.waiting) this.hasRead = true;
    webSocket.send(text);
    this.waiting = webSocket.bufferedAmount;
    if (this.waiting > limits.maxSendBufferBytes) {
      this.destroy(new JstpError('ERR_JSTP_SLOW_PEER', 'The peer reads too slowly: its send buffer is full'));
    } else if (this.waiting > 0 && !this.stallTimer && limits.sendStallTimeoutMs > 0) this.watch();
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
      this.receiver.receiveMessage(this.textOf(data));
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  private textOf(data: Data): string {
    // A text has at least as many bytes as UTF-16 units.
    if (sizeOf(data) > this.limits.maxMessageBytes)
      throw new ProtocolError(`Message of more than ${this.limits.maxMessageBytes} bytes`);
    let text = data;
    if (typeof text !== 'string') {
      try {
        text = decodeUtf8(text);
      } catch (cause) {
        throw new ProtocolError('A binary message that is no UTF-8', { cause });
      }
    }
    if (text.includes('\0')) throw new ProtocolError('A WebSocket message with a NUL in it');
    return text;
  }

  private watch(): void {
    this.hasRead = false;
    this.stallTimer = startPatientTimer(this.limits.sendStallTimeoutMs, () => {
      this.stallTimer = undefined;
      const { bufferedAmount } = this.webSocket;
      if (bufferedAmount === 0) return;
      if (this.hasRead || bufferedAmount < this.waiting) {
        this.waiting = bufferedAmount;
        this.watch();
      } else this.destroy(new JstpError('ERR_JSTP_STALLED_PEER', 'The peer has stopped reading'));
    });
  }

  private closed(): void {
    this.isOpen = false;
    detachWebSocket(this.webSocket);
    stopTimer(this.endTimer);
    stopTimer(this.stallTimer);
    const { receiver } = this;
    this.receiver = null;
    receiver?.transportClosed(this.closeError);
  }
}

function sizeOf(data: Data): number {
  return typeof data === 'string' ? data.length : data.byteLength;
}
