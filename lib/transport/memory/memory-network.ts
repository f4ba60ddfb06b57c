import type { Dialer, Transport } from '../../connection/transport.js';
import type { Limits } from '../../protocol/limits.js';
import type { Listener, ListenerSink } from '../../server/listener.js';

const FIRST_PORT = 1;

/** A network within this process: its servers by address. */
export type MemoryNetwork = Map<string, MemoryListener>;

/** Makes a client's link to a server; undefined: it is refused. */
export type MemoryConnect = (listener: MemoryListener, clientLimits: Limits) => Transport | undefined;

/** Dials within this process. Addresses are ports or paths, as with sockets. */
export function memoryDialer(network: MemoryNetwork, connect: MemoryConnect): Dialer {
  return {
    dial(args, limits, callback) {
      let isGivenUp = false;
      // As with sockets, never before this function has returned.
      void Promise.resolve().then(() => {
        if (isGivenUp) return;
        const address = addressOf(args);
        const listener = network.get(address);
        const transport = listener && connect(listener, limits);
        if (transport) callback(null, transport);
        else callback(refused(address));
      });
      return () => {
        isGivenUp = true;
      };
    },
  };
}

/** Accepts links within this process. */
export class MemoryListener implements Listener {
  private ownAddress: string | null = null;
  private readonly links = new Set<Transport>();
  private onDrained: (() => void) | undefined;

  constructor(
    private readonly network: MemoryNetwork,
    /** The server's caps. */
    readonly limits: Limits,
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

  /**
   * Takes a client's link.
   * @param transport this side of it
   * @param whenClosed is handed what to call when it is closed
   */
  accept(transport: Transport, whenClosed: (callback: () => void) => void): void {
    this.links.add(transport);
    whenClosed(() => {
      this.links.delete(transport);
      this.tellIfDrained();
    });
    this.sink.accept(transport);
    this.sink.forward('connection', [transport]);
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
  const error = new Error(`connect ECONNREFUSED memory:${address}`);
  return Object.assign(error, { code: 'ECONNREFUSED', syscall: 'connect' });
}

function inUse(address: string): Error {
  return Object.assign(new Error(`listen EADDRINUSE: address already in use memory:${address}`), {
    code: 'EADDRINUSE',
  });
}

function notRunning(): Error {
  return Object.assign(new Error('Server is not running.'), { code: 'ERR_SERVER_NOT_RUNNING' });
}
