import type { Dialer, Transport } from '../connection/transport.js';
import type { Limits } from '../protocol/limits.js';
import type { Listener, ListenerFactory, ListenerSink } from '../server/listener.js';
import { createEntry, type TransportEntry } from './entry.js';
import { MemoryTransport } from './memory-transport.js';

const FIRST_PORT = 1;

/** A network within this process: its servers by address. */
type Network = Map<string, MemoryListener>;

/**
 * An entry object as `net` is one, over a network of its own within this process: nothing of it can be
 * reached from outside, and two of them do not see each other. Addresses are ports or paths, as with `net`;
 * port 0 is a free one.
 */
export function createMemoryEntry(): TransportEntry {
  const network: Network = new Map();
  return createEntry(
    'memory',
    new Map([['memory', memoryDialer(network)]]),
    (_options, limits): ListenerFactory => {
      return (sink) => new MemoryListener(network, limits, sink);
    },
  );
}

function memoryDialer(network: Network): Dialer {
  return {
    dial(args, limits, callback) {
      let isGivenUp = false;
      // As with sockets, never before this function has returned.
      void Promise.resolve().then(() => {
        if (isGivenUp) return;
        const address = addressOf(args);
        const listener = network.get(address);
        if (listener) callback(null, listener.connect(limits));
        else callback(refused(address));
      });
      return () => {
        isGivenUp = true;
      };
    },
  };
}

class MemoryListener implements Listener {
  private ownAddress: string | null = null;
  private readonly links = new Set<Transport>();
  private onDrained: (() => void) | undefined;

  constructor(
    private readonly network: Network,
    private readonly limits: Limits,
    private readonly sink: ListenerSink,
  ) {}

  get listening(): boolean {
    return this.ownAddress !== null;
  }

  get raw(): unknown {
    return this.network;
  }

  listen(args: unknown[]): void {
    const wanted = addressOf(args);
    const address = wanted === '0' ? this.freePort() : wanted;
    const callback = args.at(-1);
    if (this.network.has(address)) {
      this.later(() => {
        this.sink.forward('error', [inUse(address)]);
      });
      return;
    }
    this.network.set(address, this);
    this.ownAddress = address;
    this.later(() => {
      this.sink.forward('listening', []);
      if (typeof callback === 'function') (callback as () => void)();
    });
  }

  close(callback?: (error?: Error) => void): void {
    if (this.ownAddress === null) {
      this.later(() => callback?.(notRunning()));
      return;
    }
    this.network.delete(this.ownAddress);
    this.ownAddress = null;
    this.onDrained = () => {
      this.sink.forward('close', []);
      callback?.();
    };
    this.later(() => {
      this.tellIfDrained();
    });
  }

  address(): unknown {
    if (this.ownAddress === null) return null;
    const port = Number(this.ownAddress);
    return Number.isNaN(port) ? this.ownAddress : { address: 'memory', family: 'memory', port };
  }

  ref(): void {
    // Nothing here keeps a process alive.
  }

  unref(): void {
    // Nothing here keeps a process alive.
  }

  /** A link to a client. */
  connect(limits: Limits): Transport {
    const [near, far] = MemoryTransport.createPair(limits, this.limits);
    this.links.add(far);
    far.onClosed = () => {
      this.links.delete(far);
      this.tellIfDrained();
    };
    this.sink.accept(far);
    this.sink.forward('connection', [far]);
    return near;
  }

  private freePort(): string {
    let port = FIRST_PORT;
    while (this.network.has(String(port))) port += 1;
    return String(port);
  }

  private tellIfDrained(): void {
    const { onDrained } = this;
    if (!onDrained || this.links.size > 0) return;
    this.onDrained = undefined;
    onDrained();
  }

  private later(run: () => void): void {
    void Promise.resolve().then(run);
  }
}

function addressOf(args: readonly unknown[]): string {
  const [first] = args;
  if (typeof first === 'object' && first !== null) {
    const { path, port } = first as { path?: string; port?: number };
    return path ?? String(port ?? 0);
  }
  return typeof first === 'string' ? first : String(Number(first ?? 0));
}

function refused(address: string): Error {
  return Object.assign(new Error(`connect ECONNREFUSED memory:${address}`), { code: 'ECONNREFUSED' });
}

function inUse(address: string): Error {
  return Object.assign(new Error(`listen EADDRINUSE: address already in use memory:${address}`), {
    code: 'EADDRINUSE',
  });
}

function notRunning(): Error {
  return Object.assign(new Error('Server is not running.'), { code: 'ERR_SERVER_NOT_RUNNING' });
}
