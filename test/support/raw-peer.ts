import { connect, type Socket } from 'node:net';
import { waitFor } from './wait-for.js';

const NUL = '\0';

/** A peer that writes what no implementation would: bytes as they are given, and reads messages as texts. */
export class RawPeer {
  /** The texts of the messages received, without their NUL. */
  readonly messages: string[] = [];
  /** Whether the other side has ended or cut the link. */
  ended = false;
  private rest = '';

  constructor(readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      const parts = (this.rest + chunk).split(NUL);
      this.rest = parts.pop() ?? '';
      this.messages.push(...parts);
    });
    socket.on('error', () => undefined);
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('close', () => {
      this.ended = true;
    });
  }

  /** A peer that is connected to a port of this machine. */
  static async connect(port: number): Promise<RawPeer> {
    const peer = new RawPeer(connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
    await waitFor(() => !peer.socket.connecting, 'a raw link');
    return peer;
  }

  /** Sends messages in one write. */
  send(...texts: string[]): void {
    this.socket.write(texts.map((text) => text + NUL).join(''));
  }

  /** Waits for so many messages, counted from the link's beginning. */
  async received(count: number): Promise<readonly string[]> {
    await waitFor(() => this.messages.length >= count, `message ${String(count)} of a raw link`);
    return this.messages;
  }

  /** Waits until the other side has ended the link. */
  async end(): Promise<void> {
    await waitFor(() => this.ended, 'the end of a raw link');
  }

  /**
   * Waits for the pong to a ping, which stays out of {@link messages}: by then the other side has read all that was sent
   * before, and what it had said before is here.
   * @param number 0, where resume is agreed: it is not counted there. Elsewhere one that follows the last one sent
   */
  async pong(number = 0): Promise<void> {
    const text = `{pong:[${String(number)}]}`;
    this.send(`{ping:[${String(number)}]}`);
    await waitFor(() => this.messages.includes(text), `the pong ${String(number)} of a raw link`);
    this.messages.splice(this.messages.indexOf(text), 1);
  }

  destroy(): void {
    this.socket.destroy();
  }
}
