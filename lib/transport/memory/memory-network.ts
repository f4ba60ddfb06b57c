import type { Dialer, Transport } from '../../connection/transport.js';
import type { Limits } from '../../protocol/limits.js';
import type { Listener, ListenerSink } from '../../server/listener.js';
import { nextTick } from '../../util/host.js';
import { notRunningError, OpenItems } from '../open-items.js';

const FIRST_PORT = 1;
const ANY_PORT = '0';

/** A network within this process: its listeners by address. */
export type MemoryNetwork = Map<string, MemoryListener>;

/** Makes the client's end of a transport to a listener; undefined: the connection is refused. */
export type MemoryConnect = (listener: MemoryListener, clientLimits: Limits) => Transport | undefined;

/** Makes a dialer within this process. Addresses are ports or paths, as with sockets. */
export function memoryDialer(network: MemoryNetwork, connect: MemoryConnect): Dialer {
  return {
    dial(args, limits, callback) {
      let isGivenUp = false;
      // As with sockets, the callback never runs before this function has returned.
      nextTick(() => {
        if (isGivenUp) return;
        const address = networkAddress(args);
        const listener = network.get(address);
        const transport = listener && connect(listener, limits);
        if (transport) callback(null, transport);
        else callback(refusedError(address));
      });
      return () => {
        isGivenUp = true;
      };
    },
  };
}

/** Accepts transports within this process. */
export class MemoryListener implements Listener {
  private ownAddress: string | null = null;
  private readonly transports = new OpenItems<Transport>();

  /**
   * @param network where it listens
   * @param limits the server's limits
   * @param sink gets what is accepted, and the events
   */
  constructor(
    private readonly network: MemoryNetwork,
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
    const wanted = networkAddress(args);
    const address = wanted === ANY_PORT ? this.freePort() : wanted;
    const callback = args.at(-1);
    if (this.network.has(address)) {
      nextTick(() => {
        this.sink.forward('error', [inUseError(address)]);
      });
      return;
    }
    this.network.set(address, this);
    this.ownAddress = address;
    nextTick(() => {
      this.sink.forward('listening', []);
      if (typeof callback === 'function') (callback as () => void)();
    });
  }

  close(callback?: (error?: Error) => void): void {
    if (this.ownAddress === null) {
      nextTick(() => callback?.(notRunningError()));
      return;
    }
    this.network.delete(this.ownAddress);
    this.ownAddress = null;
    this.transports.whenEmpty(() => {
      this.sink.forward('close', []);
      callback?.();
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
   * Accepts a client, if the server has room for it.
   * @param transport this side's end of the transport
   * @param whenClosed is given the function to call when that end is closed
   */
  accept(transport: Transport, whenClosed: (callback: () => void) => void): void {
    const admission = this.sink.admit(undefined);
    if (!admission) {
      transport.destroy();
      return;
    }
    this.transports.add(transport);
    whenClosed(() => {
      admission.release();
      this.transports.delete(transport);
    });
    this.sink.accept(transport);
    this.sink.forward('connection', [transport]);
  }

  private freePort(): string {
    let port = FIRST_PORT;
    while (this.network.has(String(port))) port += 1;
    return String(port);
  }
}

/** The key of the network for the arguments of `listen` or `connect`: `(port)`, `(path)` or `({ port, path })`. */
function networkAddress(args: readonly unknown[]): string {
  const [first] = args;
  if (typeof first === 'object' && first !== null) {
    const { path, port } = first as { path?: string; port?: number };
    return path ?? String(port ?? 0);
  }
  return typeof first === 'string' ? first : String(Number(first ?? 0));
}

function refusedError(address: string): Error {
  const error = new Error(`connect ECONNREFUSED memory:${address}`);
  return Object.assign(error, { code: 'ECONNREFUSED', syscall: 'connect' });
}

function inUseError(address: string): Error {
  return Object.assign(new Error(`listen EADDRINUSE: address already in use memory:${address}`), {
    code: 'EADDRINUSE',
  });
}
