import type { Dialer, Transport, TransportReceiver } from '../connection/transport.js';
import { JstpError } from '../protocol/jstp-error.js';
import type { Limits } from '../protocol/limits.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { ignore } from '../util/callback.js';
import { nextTick } from '../util/host.js';
import { startKeepAliveTimer, stopTimer, type Timer } from '../util/timer.js';
import { SUBPROTOCOL } from './subprotocol.js';

const NORMAL_CLOSURE = 1000;

/** The part of the platform's WebSocket that is used here, without the DOM's types. */
interface PlatformWebSocket {
  binaryType: string;
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code?: number): void;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: string | ArrayBuffer }) => void) | null;
  onerror: (() => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
}

interface Platform {
  readonly WebSocket: new (url: string, protocol: string) => PlatformWebSocket;
  readonly TextDecoder: new (label: string, options: { fatal: boolean }) => { decode(bytes: ArrayBuffer): string };
}

// Looked up at each use: a program may bring its own WebSocket.
const platform = globalThis as unknown as Platform;

/** Dials by the platform's own WebSocket: `(url)`, or `(webSocketConfig, url)` as in Node, the first ignored. */
export const browserDialer: Dialer = {
  dial(args, limits, callback) {
    const url = String(args.length > 1 ? args[1] : args[0]);
    let socket: PlatformWebSocket | undefined;
    let timer: Timer | undefined;
    const finish = (error: Error | null): void => {
      stopTimer(timer);
      if (socket) detach(socket);
      if (error || !socket) {
        socket?.close();
        callback(error);
      } else callback(null, new BrowserTransport(socket, limits));
    };
    try {
      socket = new platform.WebSocket(url, SUBPROTOCOL);
      socket.binaryType = 'arraybuffer';
      socket.onopen = () => finish(null);
      // The platform does not tell why.
      socket.onclose = ({ code }) => finish(new JstpError('ERR_JSTP_CONNECT', `No connection to ${url} (${code})`));
      if (limits.connectTimeoutMs > 0) {
        const late = new JstpError('ETIMEDOUT', 'The connection was not made in time (limits.connectTimeoutMs)');
        timer = startKeepAliveTimer(limits.connectTimeoutMs, () => finish(late));
      }
    } catch (error) {
      // A bad URL is thrown.
      nextTick(() => finish(error as Error));
    }
    return () => {
      stopTimer(timer);
      if (!socket) return;
      detach(socket);
      socket.close();
    };
  },
};

/** JSTP over the platform's WebSocket: text in, text out. */
class BrowserTransport implements Transport {
  receiver: TransportReceiver | null = null;
  readonly remoteAddress = undefined;
  readonly decoder = null;
  private isOpen = true;
  private isPaused = false;
  private held: (string | ArrayBuffer)[] = [];
  private closeError: Error | undefined;

  constructor(
    private readonly socket: PlatformWebSocket,
    private readonly limits: Limits,
  ) {
    socket.onmessage = ({ data }) => {
      if (this.isPaused) this.held.push(data);
      else this.received(data);
    };
    socket.onerror = () => {
      this.closeError ??= new JstpError('ERR_JSTP_WEBSOCKET', 'The WebSocket failed');
    };
    socket.onclose = () => {
      this.closed();
    };
  }

  getRawTransport(): unknown {
    return this.socket;
  }

  send(text: string): void {
    if (!this.isOpen) return;
    this.socket.send(text);
    if (this.socket.bufferedAmount <= this.limits.maxSendBufferBytes) return;
    this.destroy(new JstpError('ERR_JSTP_SLOW_PEER', 'The peer reads too slowly: its send buffer is full'));
  }

  end(): void {
    this.isOpen = false;
    this.socket.close(NORMAL_CLOSURE);
  }

  destroy(error?: Error): void {
    this.closeError ??= error;
    this.isOpen = false;
    this.socket.close();
    // A browser waits long for a peer that is gone; whoever uses the connection is told at once.
    nextTick(() => {
      this.closed();
    });
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    while (!this.isReadingHeld()) this.received(this.held.shift() as string);
  }

  private isReadingHeld(): boolean {
    return this.isPaused || this.held.length === 0;
  }

  private received(data: string | ArrayBuffer): void {
    if (!this.isOpen || !this.receiver) return;
    try {
      const text = typeof data === 'string' ? data : decodeStrictly(data);
      if (text.length > this.limits.maxMessageBytes) throw new ProtocolError('The message is too large');
      this.receiver.receiveMessage(text);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  private closed(): void {
    detach(this.socket);
    this.isOpen = false;
    this.held = [];
    const { receiver } = this;
    this.receiver = null;
    receiver?.transportClosed(this.closeError);
  }
}

function decodeStrictly(bytes: ArrayBuffer): string {
  try {
    return new platform.TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ProtocolError('A binary message that is no UTF-8');
  }
}

function detach(socket: PlatformWebSocket): void {
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.onerror = ignore;
}
