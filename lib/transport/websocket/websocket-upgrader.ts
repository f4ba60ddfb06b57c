import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocketServer } from 'ws';
import type { Limits } from '../../protocol/limits.js';
import { ignore, isThenable } from '../../util/callback.js';
import { refuseUpgrade, type UpgradeHandler } from './http-upgrades.js';
import { KeptUpgrade } from './kept-upgrade.js';
import { loadedWs, loadWs } from './load-ws.js';
import { SUBPROTOCOL } from './subprotocol.js';
import { CLOSE_TIMEOUT, MAX_FRAGMENTS, pongLimit, type WebSocketServerOptions } from './websocket-options.js';
import { WebSocketTransport } from './websocket-transport.js';

/** Is told of the sockets that ask for an upgrade. */
export interface UpgradeObserver {
  /** A socket asks for an upgrade. @returns whether there is room for it */
  arrived(request: IncomingMessage, socket: Socket): boolean;
  /** A socket has become a transport. */
  upgraded(transport: WebSocketTransport, socket: Socket): void;
}

/** Upgrades HTTP requests that ask for JSTP. */
export class Upgrader {
  private webSockets: WebSocketServer | undefined;

  /**
   * @param options which peers are let in
   * @param limits the limits of the transports
   * @param observer is told of the sockets, and gets the transports
   */
  constructor(
    private readonly options: WebSocketServerOptions,
    private readonly limits: Limits,
    private readonly observer: UpgradeObserver,
  ) {
    // So that it is there when the first peer comes.
    if (!loadedWs()) loadWs().catch(ignore);
  }

  /** Upgrades a request, or answers it with 403; with 503 where there is no room for it. */
  readonly upgrade: UpgradeHandler = (request, socket, head) => {
    if (!this.observer.arrived(request, socket)) {
      refuseUpgrade(socket, 503);
      return;
    }
    const decide = (isAllowed: unknown): void => {
      if (isAllowed === true) this.upgradeNow(request, socket, head);
      else refuseUpgrade(socket, 403);
    };
    const allowed = offersJstp(request) && this.check(request.headers.origin);
    const answer = loadedWs() ? allowed : Promise.all([allowed, loadWs()]).then(([first]) => first);
    if (!isThenable(answer)) {
      decide(answer);
      return;
    }
    // Node no longer listens for errors of a socket that it has handed out.
    socket.on('error', ignore);
    const decideLater = (isAllowed: unknown): void => {
      socket.off('error', ignore);
      // Destroyed: the peer has gone, or its time is over.
      if (!socket.destroyed) decide(isAllowed);
    };
    Promise.resolve(answer).then(decideLater, () => {
      decideLater(false);
    });
  };

  private upgradeNow(...[request, socket, head]: Parameters<UpgradeHandler>): void {
    this.webSockets ??= webSocketServer(this.limits);
    this.webSockets?.handleUpgrade(request, socket, head, (webSocket) => {
      const transport = new WebSocketTransport(webSocket, socket, this.limits, new KeptUpgrade(request));
      this.observer.upgraded(transport, socket);
    });
  }

  /** Whether the options allow an origin, or a Promise of that; anything but true is a no. */
  private check(origin: string | undefined): unknown {
    const { allowedOrigins, originCheckStrategy } = this.options;
    if (allowedOrigins && (origin === undefined || !allowedOrigins.includes(origin))) return false;
    try {
      return originCheckStrategy ? originCheckStrategy(origin) : true;
    } catch {
      // The peer chooses the origin, and must not end the process by what it makes a strategy throw.
      return false;
    }
  }
}

/** Makes what speaks WebSocket, of the package that is loaded. */
function webSocketServer(limits: Limits): WebSocketServer | undefined {
  const ws = loadedWs();
  return (
    ws &&
    new ws.WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: limits.maxMessageBytes,
      maxFragments: MAX_FRAGMENTS,
      ...CLOSE_TIMEOUT,
      ...pongLimit(limits),
      perMessageDeflate: false,
      // The parser of messages checks it.
      skipUTF8Validation: true,
      handleProtocols: () => SUBPROTOCOL,
    })
  );
}

function offersJstp(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? '';
  return offered.split(',').some((name) => name.trim() === SUBPROTOCOL);
}
