import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { waitFor } from '../support/wait-for.js';

/** The end of a transport that an example plays by hand. */
export interface PlayedEnd {
  /** Messages that have arrived and were not compared yet, without their NUL. */
  readonly messages: string[];
  /** What has arrived of a message that has no end yet. */
  readonly rest: string;
  readonly hasEnded: boolean;
  /** Writes what a line of an example says: `\0` is a NUL, `\xff` a byte. */
  write(text: string): void;
  /** Ends it, so that what was written arrives. */
  finish(): void;
  /** Breaks it, as a network does. */
  cut(): void;
}

/** The bytes that a line of an example stands for. */
function bytesOf(text: string): Buffer {
  const parts = text.split(/(\\0|\\x[0-9a-f]{2})/);
  return Buffer.concat(
    parts.map((part, index) =>
      index % 2 === 0
        ? Buffer.from(part)
        : Buffer.of(part === '\\0' ? 0 : Number.parseInt(part.slice(2), 16)),
    ),
  );
}

/** The end of a byte stream. */
export class SocketEnd implements PlayedEnd {
  readonly messages: string[] = [];
  rest = '';
  hasEnded = false;

  constructor(private readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      const parts = (this.rest + chunk).split('\0');
      this.rest = parts.pop() ?? '';
      this.messages.push(...parts);
    });
    const ended = (): void => {
      this.hasEnded = true;
    };
    socket
      .on('error', () => undefined)
      .on('end', ended)
      .on('close', ended);
  }

  async opened(): Promise<this> {
    await waitFor(() => !this.socket.connecting, 'a transport');
    return this;
  }

  write(text: string): void {
    this.socket.write(bytesOf(text));
  }

  finish(): void {
    this.socket.end();
  }

  cut(): void {
    this.socket.resetAndDestroy();
  }
}

/** The end of a WebSocket. */
export class WebSocketEnd implements PlayedEnd {
  readonly messages: string[] = [];
  readonly rest = '';
  hasEnded = false;

  constructor(private readonly webSocket: WebSocket) {
    webSocket.on('message', (data: Buffer, isBinary: boolean) => {
      this.messages.push(isBinary ? `binary ${data.toString()}` : data.toString());
    });
    webSocket
      .on('error', () => undefined)
      .on('close', () => {
        this.hasEnded = true;
      });
  }

  async opened(): Promise<this> {
    await waitFor(() => this.webSocket.readyState === this.webSocket.OPEN, 'a WebSocket');
    return this;
  }

  write(text: string): void {
    this.webSocket.send(bytesOf(text).toString());
  }

  finish(): void {
    this.webSocket.close();
  }

  cut(): void {
    this.webSocket.terminate();
  }
}
