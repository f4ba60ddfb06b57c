import { STATUS_CODES, type IncomingMessage, type Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import type { Limits } from '../protocol/limits.js';
import type { ListenerSink } from '../server/listener.js';
import { NodeListener } from './node-listener.js';
import { PeerArrivals } from './peer-arrivals.js';
import { SUBPROTOCOL } from './subprotocol.js';
import { WebSocketTransport } from './websocket-transport.js';

/** What a WebSocket listener may be told; the names are those that the reference's users know, and a few more. */
export interface WebSocketServerOptions {
  /** Origins that are let in. @default all */
  readonly allowedOrigins?: readonly string[];
  /** Decides on an origin; in the place of, or besides, the list. @default all are let in */
  readonly originCheckStrategy?: (origin: string | undefined) => boolean;
  /** The path that is served, as '/jstp'. @default every path of a server of its own, '/' of a shared one */
  readonly path?: string;
}

/** Accepts WebSockets that are upgraded on a server of HTTP: one of its own, or a shared one. */
export class WebSocketListener extends NodeListener<HttpServer> {
  private readonly webSockets: WebSocketServer;
  private readonly arrivals: PeerArrivals;

  /**
   * @param raw the server of HTTP
   * @param options which peers are let in
   * @param limits the caps of the transports
   * @param sink gets what is accepted
   */
  constructor(
    raw: HttpServer,
    private readonly options: WebSocketServerOptions,
    private readonly limits: Limits,
    sink: ListenerSink,
  ) {
    super(raw, sink);
    this.arrivals = new PeerArrivals(sink);
    this.webSockets = new WebSocketServer({
      noServer: true,
      maxPayload: limits.maxMessageBytes,
      perMessageDeflate: false,
      // The parser checks it.
      skipUTF8Validation: true,
      handleProtocols: () => SUBPROTOCOL,
    });
    raw.on('upgrade', this.onUpgrade);
  }

  /** A socket of a server of its own: its time counts from now. */
  protected arrived(socket: Socket): void {
    this.arrivals.add(socket);
  }

  /** Serves upgrades no longer. */
  protected ignoreUpgrades(): void {
    this.raw.off('upgrade', this.onUpgrade);
  }

  /** What happens to an upgrade of another path. */
  protected refusePath(_request: IncomingMessage, socket: Socket): void {
    refuse(socket, 404);
  }

  private readonly onUpgrade = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    const { path } = this.options;
    if (path !== undefined && pathOf(request) !== path) {
      this.refusePath(request, socket);
      return;
    }
    if (!this.isAllowed(request.headers.origin) || !offersJstp(request)) {
      refuse(socket, 403);
      return;
    }
    this.webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.sink.accept(new WebSocketTransport(webSocket, socket, this.limits), this.arrivals.take(socket));
      this.sink.forward('connection', [webSocket]);
    });
  };

  private isAllowed(origin: string | undefined): boolean {
    const { allowedOrigins, originCheckStrategy } = this.options;
    if (allowedOrigins && (origin === undefined || !allowedOrigins.includes(origin))) return false;
    return originCheckStrategy?.(origin) ?? true;
  }
}

/** A server of HTTP that serves nothing but WebSockets. */
export class OwnWebSocketListener extends WebSocketListener {
  /** @param connectionEvent the event with a socket as it was accepted, before TLS */
  constructor(raw: HttpServer, options: WebSocketServerOptions, limits: Limits, sink: ListenerSink) {
    super(raw, options, limits, sink);
    raw.on('connection', (socket: Socket) => {
      this.arrived(socket);
    });
    raw.on('request', (_request, response) => {
      response.writeHead(400).end();
    });
  }
}

/** A server of HTTP that belongs to somebody else: it listens, and closes, at their word. */
export class SharedWebSocketListener extends WebSocketListener {
  private isClosed = false;

  override get listening(): boolean {
    return this.raw.listening && !this.isClosed;
  }

  override listen(): void {
    if (this.raw.listening) process.nextTick(() => { this.sink.forward('listening', []); });
  }

  override close(callback?: (error?: Error) => void): void {
    this.isClosed = true;
    this.ignoreUpgrades();
    process.nextTick(() => {
      this.sink.forward('close', []);
      callback?.();
    });
  }

  protected override refusePath(request: IncomingMessage, socket: Socket): void {
    // Another handler may want it; where there is none, nobody would ever answer.
    if (this.raw.listenerCount('upgrade') === 1) super.refusePath(request, socket);
  }
}

function offersJstp(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? '';
  return offered.split(',').some((name) => name.trim() === SUBPROTOCOL);
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0];
}

function refuse(socket: Socket, status: number): void {
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
