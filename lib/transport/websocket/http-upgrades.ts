import { STATUS_CODES, type IncomingMessage, type Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { ignore } from '../../util/callback.js';
import { overrideMethod } from '../override-method.js';

/** Handles an upgrade request. */
export type UpgradeHandler = (request: IncomingMessage, socket: Socket, head: Buffer) => void;

type Emit = (event: string, ...args: unknown[]) => boolean;

/** The method of a server that is overridden. */
interface Emitting {
  emit: Emit;
}

const routers = new WeakMap<HttpServer, UpgradeRouter>();

/**
 * Serves the upgrades of one path of a server that has another owner. Other handlers of upgrades do not see them.
 * Why: many of those (`ws`, @nestjs/platform-ws) destroy the sockets of every path but their own.
 * @returns a function that stops serving; undefined where the path is served already
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
    if (router.isEmpty && router.restore()) routers.delete(server);
  };
}

/**
 * Routes the upgrades of a shared server by their path.
 * Why it overrides `emit`, for that event alone: a listener could neither be sure to come first nor keep the event from
 * the listeners behind it.
 */
class UpgradeRouter {
  private readonly handlers = new Map<string, UpgradeHandler>();
  /** Gives the server its `emit` back. Returns false, and does nothing, where `emit` was overridden again since. */
  readonly restore: () => boolean;

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

  /** Adds the handler of a path. Returns false, and does nothing, where the path has one. */
  add(path: string, handler: UpgradeHandler): boolean {
    if (this.handlers.has(path)) return false;
    // Without a listener, Node treats an upgrade as a plain request.
    if (this.isEmpty) this.server.on('upgrade', this.onForeignPath);
    this.handlers.set(path, handler);
    return true;
  }

  remove(path: string): void {
    this.handlers.delete(path);
    if (this.isEmpty) this.server.off('upgrade', this.onForeignPath);
  }

  /** Answers 404 for a path that nobody serves: without another listener, no answer would ever come. */
  private readonly onForeignPath: UpgradeHandler = (_request, socket) => {
    if (this.server.listenerCount('upgrade') === 1) refuseUpgrade(socket, 404);
  };
}

/** The path of a request's URL, without its query. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0];
}

/** Answers an upgrade request with a status, and closes its socket. */
export function refuseUpgrade(socket: Socket, status: number): void {
  // Node no longer listens for errors of a socket that it has handed out.
  socket.on('error', ignore);
  // Why: sockets of HTTP servers stay half open, and without this for as long as the peer likes.
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
}
