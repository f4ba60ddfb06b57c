import type { Limits } from '../protocol/limits.js';
import type { Listener, ListenerSink } from '../server/listener.js';
import type { FaultLink } from './fault-link.js';

const FIRST_PORT = 1;

/** The servers of a fault entry, by port. */
export type FaultNetwork = Map<number, FaultListener>;

/** Accepts the links of a fault entry. */
export class FaultListener implements Listener {
  private port: number | null = null;
  private readonly links = new Set<FaultLink>();
  private onDrained: (() => void) | undefined;

  constructor(
    private readonly network: FaultNetwork,
    /** The server's caps. */
    readonly limits: Limits,
    private readonly sink: ListenerSink,
  ) {}

  get listening(): boolean {
    return this.port !== null;
  }

  get raw(): unknown {
    return this.network;
  }

  listen(args: unknown[]): void {
    const port = portOf(args) || this.freePort();
    const callback = args.at(-1);
    if (this.network.has(port)) {
      later(() => {
        this.sink.forward('error', [inUse(port)]);
      });
      return;
    }
    this.network.set(port, this);
    this.port = port;
    later(() => {
      this.sink.forward('listening', []);
      if (typeof callback === 'function') (callback as () => void)();
    });
  }

  close(callback?: (error?: Error) => void): void {
    if (this.port === null) {
      later(() => callback?.(notRunning()));
      return;
    }
    this.network.delete(this.port);
    this.port = null;
    this.onDrained = () => {
      this.sink.forward('close', []);
      callback?.();
    };
    later(() => {
      this.tellIfDrained();
    });
  }

  address(): unknown {
    return this.port === null ? null : { address: 'memory', family: 'memory', port: this.port };
  }

  ref(): void {
    // Nothing here keeps a process alive.
  }

  unref(): void {
    // Nothing here keeps a process alive.
  }

  /** Takes a client's link. */
  accept(link: FaultLink): void {
    this.links.add(link);
    link.whenClosed('server', () => {
      this.links.delete(link);
      this.tellIfDrained();
    });
    const transport = link.transportOf('server');
    this.sink.accept(transport);
    this.sink.forward('connection', [transport]);
  }

  private freePort(): number {
    let port = FIRST_PORT;
    while (this.network.has(port)) port += 1;
    return port;
  }

  private tellIfDrained(): void {
    const { onDrained } = this;
    if (!onDrained || this.links.size > 0) return;
    this.onDrained = undefined;
    onDrained();
  }
}

/** The port of the arguments of `listen` and `connect`: a number, or an object that has it; 0 where there is none. */
export function portOf([first]: readonly unknown[]): number {
  const port = typeof first === 'object' && first !== null ? (first as { port?: unknown }).port : first;
  return typeof port === 'function' ? 0 : Number(port ?? 0);
}

function later(run: () => void): void {
  void Promise.resolve().then(run);
}

function inUse(port: number): Error {
  return Object.assign(new Error(`listen EADDRINUSE: address already in use memory:${port}`), {
    code: 'EADDRINUSE',
  });
}

function notRunning(): Error {
  return Object.assign(new Error('Server is not running.'), { code: 'ERR_SERVER_NOT_RUNNING' });
}
