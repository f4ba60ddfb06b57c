import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import type { Limits } from '../protocol/limits.js';
import { refuseUpgrade, type UpgradeHandler } from './http-upgrades.js';
import { SUBPROTOCOL } from './subprotocol.js';
import type { WebSocketServerOptions } from './websocket-options.js';
import { WebSocketTransport } from './websocket-transport.js';

/** Upgrades requests of HTTP that ask for JSTP. */
export class Upgrader {
  private readonly webSockets: WebSocketServer;

  /**
   * @param options which peers are let in
   * @param limits the caps of the transports
   * @param onUpgraded gets the transport, and the socket that it was upgraded from
   */
  constructor(
    private readonly options: WebSocketServerOptions,
    private readonly limits: Limits,
    private readonly onUpgraded: (transport: WebSocketTransport, socket: Socket) => void,
  ) {
    this.webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: limits.maxMessageBytes,
      perMessageDeflate: false,
      // The parser checks it.
      skipUTF8Validation: true,
      handleProtocols: () => SUBPROTOCOL,
    });
  }

  /** Upgrades, or answers 403. */
  readonly upgrade: UpgradeHandler = (request, socket, head) => {
    if (!offersJstp(request) || !this.isAllowed(request.headers.origin)) {
      refuseUpgrade(socket, 403);
      return;
    }
    this.webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.onUpgraded(new WebSocketTransport(webSocket, socket, this.limits), socket);
    });
  };

  private isAllowed(origin: string | undefined): boolean {
    const { allowedOrigins, originCheckStrategy } = this.options;
    if (allowedOrigins && (origin === undefined || !allowedOrigins.includes(origin))) return false;
    try {
      return originCheckStrategy?.(origin) ?? true;
    } catch {
      // The origin is the peer's own text: what it makes a strategy throw must not end the process.
      return false;
    }
  }
}

function offersJstp(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? '';
  return offered.split(',').some((name) => name.trim() === SUBPROTOCOL);
}
