import { afterEach, beforeEach, expect } from '@jest/globals';
import { Application, net, type Connection, type Server, type ServerOptions } from '../../lib/core.js';
import type { Closing } from '../support/closing.js';
import { RawPeer } from '../support/raw-peer.js';
import { watchProcess, type ProcessWatch } from '../support/real-process.js';
import { waitFor, within } from '../support/wait-for.js';

/** A hard bound of the work that one attack may cost others: a blocked loop (24 s and more) is far beyond it, a loaded machine is not. */
export const SERVED_WITHIN_MS = 10_000;
/** Sent right behind an attack: its method must not run where the attack ends the connection. */
export const CHASER = "{call:[90,'mark'],run:['chaser']}";
export const HANDSHAKE = "{handshake:[0,'app']}";

const BUILT_INS = [Object, Array, Function, String, Number, Promise, Map, Error];

/** Asserts around each test of a file that nothing would have ended the process, and that no prototype was touched. */
export function guardProcess(): void {
  let watch: ProcessWatch;
  let keys: string;
  beforeEach(() => {
    watch = watchProcess();
    keys = prototypeKeys();
  });
  afterEach(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    watch.stop();
    expect(watch.failures).toEqual([]);
    expect(prototypeKeys()).toBe(keys);
    expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
    expect(([] as { isAdmin?: unknown }).isAdmin).toBeUndefined();
  });
}

function prototypeKeys(): string {
  return BUILT_INS.map(({ prototype }) => Reflect.ownKeys(prototype).map(String).join()).join(';');
}

/** A server under attack. */
export class Arena {
  /** What the methods were called with: the proof that something ran. */
  readonly executed: string[] = [];
  /** What the server heard of. */
  readonly errors: unknown[] = [];
  readonly server: Server;
  /** Calls of `slow.wait` and `slow.keep` that nobody has answered. */
  readonly waiting: (() => void)[] = [];
  /** The arguments of calls of `slow.keep`. */
  readonly kept: unknown[] = [];
  private guests = 0;

  private constructor(
    private readonly closing: Closing,
    options: Partial<ServerOptions>,
  ) {
    this.server = net.createServer({ applications: [this.application()], ...options });
    this.server.on('connectionError', (error) => this.errors.push(error));
  }

  static async start(closing: Closing, options: Partial<ServerOptions> = {}): Promise<Arena> {
    const arena = new Arena(closing, options);
    const { server } = arena;
    closing.add(async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeConnections();
      await within(closed, 'the end of the arena');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return arena;
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  /** The application that is attacked. */
  application(name = 'app'): Application<Connection> {
    return new Application<Connection>(name, {
      mark: {
        run: (_connection: Connection, label: string, callback: (error: null) => void) => {
          this.executed.push(label);
          callback(null);
        },
        fail: (_connection: Connection, _callback: () => void) => {
          throw new Error('a secret of the house');
        },
        failAsync: async (_connection: Connection) => {
          throw new Error('a secret of the house');
        },
      },
      slow: {
        wait: (_connection: Connection, callback: (error: null) => void) => {
          this.executed.push('wait');
          this.waiting.push(() => callback(null));
        },
        keep: (_connection: Connection, values: unknown, callback: (error: null) => void) => {
          this.executed.push('keep');
          this.kept.push(values);
          this.waiting.push(() => callback(null));
        },
      },
      echo: {
        back: (_connection: Connection, value: unknown, callback: (error: null, value: unknown) => void) =>
          callback(null, value),
      },
    });
  }

  /** A peer that has said nothing. */
  async stranger(): Promise<RawPeer> {
    const peer = await RawPeer.connect(this.port);
    this.closing.add(() => peer.destroy());
    return peer;
  }

  /** A peer that is logged in; its one message so far is the handshake's answer. */
  async guest(handshake = HANDSHAKE): Promise<RawPeer> {
    const peer = await this.stranger();
    peer.send(handshake);
    await peer.received(1);
    return peer;
  }

  /** Waits until the server has read what was sent by now: a later peer, whose first words are none, was sent away. */
  async hasRead(): Promise<void> {
    const peer = await this.stranger();
    peer.send('}{');
    await peer.end();
  }

  /** Asserts that a new client is served, within a time that a blocked loop would exceed. */
  async expectServing(): Promise<void> {
    const label = `guest ${String(++this.guests)}`;
    const peer = await RawPeer.connect(this.port);
    try {
      peer.send(HANDSHAKE, `{call:[1,'mark'],run:['${label}']}`);
      await waitFor(() => peer.messages.length === 2, `an answer to ${label}`, SERVED_WITHIN_MS);
      expect(peer.messages[1]).toBe('{callback:[1],ok:[]}');
      expect(this.executed).toContain(label);
    } finally {
      peer.destroy();
    }
  }

  /** Asserts that an attack ended its connection, that nothing behind it was run, and that others are served. */
  async expectEnded(peer: RawPeer): Promise<void> {
    await peer.end();
    // What was written behind the end has arrived by the time when a later connection is served.
    await this.expectServing();
    expect(this.executed).not.toContain('chaser');
  }
}
