import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/**
 * One end of a byte stream within this process, with what the package asks of a socket. Why not sockets: their bytes come
 * at a time of their own, and a run must follow from its seed.
 */
export class Pipe extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  readonly connecting = false;
  bytesRead = 0;
  private peer: Pipe | undefined;
  private hasEnd = false;

  private constructor() {
    super({ allowHalfOpen: false });
  }

  /** Makes both ends. */
  static createPair(): [Pipe, Pipe] {
    const one = new Pipe();
    const other = new Pipe();
    one.peer = other;
    other.peer = one;
    return [one, other];
  }

  /** This end as what the package takes it for. */
  asSocket(): Socket {
    return this as unknown as Socket;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {
    // What arrives is pushed at once.
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.peer?.arrive(chunk);
    callback();
  }

  override _final(callback: () => void): void {
    this.peer?.arrive(null);
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.peer?.arrive(null);
    callback(error);
  }

  private arrive(chunk: Buffer | null): void {
    if (this.hasEnd || this.destroyed) return;
    this.hasEnd = chunk === null;
    this.bytesRead += chunk?.length ?? 0;
    this.push(chunk);
  }
}
