import { STATUS_CODES, type IncomingMessage, type Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { ignore } from '../../util/callback.js';
import { overrideMethod } from '../override-method.js';

/** Serves the upgrades of one path. */
export type UpgradeHandler = (request: IncomingMessage, socket: Socket, head: Buffer) => void;

type Emit = (event: string, ...args: unknown[]) => boolean;

/** What is overridden of a server. */
interface Emitting {
  emit: Emit;
}

const routers = new WeakMap<HttpServer, UpgradeRouter>();

/**
 * Serves the upgrades of one path of somebody else's server, unseen by the other handlers of upgrades: many of
 * them (`ws`, @nestjs/platform-ws) destroy the sockets of every path but their own.
 * @returns stops it; undefined where the path is served already
 */
export function serveUpgrades(
  server: HttpServer,
  path: string,
  handler: UpgradeHandler,
): (() => void) | undefined {
  const router = routers.get(server) ?? new UpgradeRouter(server);
  routers.set(server, router);
  if (!router.add(path, handler)) return undefined;
  return () => {
    router.remove(path);
    if (router.isEmpty && router.leave()) routers.delete(server);
  };
}

/**
 * The upgrades of a shared server, by path. It overrides the server's `emit`, for that event alone: a listener
 * could neither come first for sure nor keep the event from those behind it.
 */
class UpgradeRouter {
  private readonly handlers = new Map<string, UpgradeHandler>();
  private readonly restore: () => boolean;

  constructor(private readonly server: HttpServer) {
    const emitting: Emitting = server;
    const { emit } = emitting;
    this.restore = overrideMethod(emitting, 'emit', (event, ...args) => {
      const handler = event === 'upgrade' && this.handlers.get(pathOf(args[0] as IncomingMessage));
      if (!handler) return emit.call(server, event, ...args);
      handler(...(args as Parameters<UpgradeHandler>));
      return true;
    });
  }

  get isEmpty(): boolean {
    return this.handlers.size === 0;
  }

  /** Answers whether the path was free. */
  add(path: string, handler: UpgradeHandler): boolean {
    if (this.handlers.has(path)) return false;
    // Node takes upgrades only where there is a listener.
    if (this.isEmpty) this.server.on('upgrade', this.onForeignPath);
    this.handlers.set(path, handler);
    return true;
  }

  remove(path: string): void {
    this.handlers.delete(path);
    if (this.isEmpty) this.server.off('upgrade', this.onForeignPath);
  }

  /** Gives `emit` back; answers whether it could. */
  leave(): boolean {
    return this.restore();
  }

  /** Another handler may want it; where there is none, nobody would ever answer. */
  private readonly onForeignPath: UpgradeHandler = (_request, socket) => {
    if (this.server.listenerCount('upgrade') === 1) refuseUpgrade(socket, 404);
  };
}

/** The path of a request, without what follows it. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0];
}

/** Answers an upgrade with a status, and ends its socket. */
export function refuseUpgrade(socket: Socket, status: number): void {
  // Node listens no more for the errors of a socket that it has handed out.
  socket.on('error', ignore);
  // The sockets of HTTP stay half open: without this, for as long as the peer likes.
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
}
