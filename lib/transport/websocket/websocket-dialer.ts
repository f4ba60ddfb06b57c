import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { ClientOptions, WebSocket } from 'ws';
import type { Dialer, Transport } from '../../connection/transport.js';
import type { Limits } from '../../protocol/limits.js';
import { BrowserTransport } from '../browser/browser-transport.js';
import type { BrowserWebSocket } from '../browser/browser-websocket.js';
import { tellAccepted } from '../socket/socket-dialer.js';
import { loadedWs, loadWs } from './load-ws.js';
import { SUBPROTOCOL } from './subprotocol.js';
import { CLOSE_TIMEOUT, MAX_FRAGMENTS, pongLimit, type WebSocketConfig } from './websocket-options.js';
import { WebSocketTransport } from './websocket-transport.js';

/**
 * Dials a WebSocket, by TLS where the URL says so. The arguments are `(webSocketConfig, url[, protocols, origin,
 * headers])`, as in the reference, or `(url)`.
 */
export const webSocketDialer: Dialer = {
  dial(args, limits, callback, onAccepted) {
    let webSocket: WebSocket | undefined;
    let socket: Socket | undefined;
    let isOver = false;
    const finish = (error: Error | null): void => {
      if (isOver) return;
      isOver = true;
      if (error || !webSocket) {
        webSocket?.terminate();
        callback(error);
      } else callback(null, transportOf(webSocket, socket, limits));
    };
    const start = (Socket: typeof WebSocket): void => {
      if (isOver) return;
      const { url, options } = parseArguments(args);
      webSocket = new Socket(url, SUBPROTOCOL, {
        perMessageDeflate: false,
        skipUTF8Validation: true,
        maxPayload: limits.maxMessageBytes,
        maxFragments: MAX_FRAGMENTS,
        ...CLOSE_TIMEOUT,
        ...pongLimit(limits),
        ...(onAccepted && { finishRequest: finishRequest(onAccepted) }),
        ...options,
      });
      webSocket.once('upgrade', (response) => {
        socket = response.socket;
      });
      webSocket.once('open', () => {
        finish(null);
      });
      // Stays attached: later errors concern nobody, but without a listener Node would throw them.
      webSocket.on('error', finish);
    };
    try {
      const ws = loadedWs();
      if (ws) start(ws.WebSocket);
      else
        loadWs()
          .then(({ WebSocket }) => start(WebSocket))
          .catch(finish);
    } catch (error) {
      // `ws` throws for a bad URL. JSTP's users expect the error in the callback.
      process.nextTick(finish, error);
    }
    return () => {
      isOver = true;
      webSocket?.terminate();
    };
  },
};

/** Sends the upgrade request, and calls back when the peer has accepted its socket. */
function finishRequest(onAccepted: () => void): (request: ClientRequest) => void {
  return (request) => {
    request.once('socket', (socket) => {
      tellAccepted(socket, onAccepted);
    });
    request.end();
  };
}

/** Where the platform replaces `ws` by its own WebSocket (Bun), there is no socket: it is used like a browser's. */
function transportOf(webSocket: WebSocket, socket: Socket | undefined, limits: Limits): Transport {
  if (socket) return new WebSocketTransport(webSocket, socket, limits);
  webSocket.binaryType = 'arraybuffer';
  return new BrowserTransport(webSocket as unknown as BrowserWebSocket, limits);
}

function parseArguments(args: readonly unknown[]): { url: string | URL; options: ClientOptions } {
  const isBare = typeof args[0] === 'string' || args[0] instanceof URL;
  const [config, url, , origin, headers] = isBare ? [undefined, args[0]] : args;
  const { tlsOptions, ...options } = (config ?? {}) as WebSocketConfig;
  return {
    url: url as string | URL,
    options: {
      ...tlsOptions,
      ...options,
      ...(typeof origin === 'string' && { origin }),
      ...(typeof headers === 'object' && headers !== null && { headers: headers as Record<string, string> }),
      // Node's types, which differ from those of `ws` in one function that `ws` hands on to Node.
    } as ClientOptions,
  };
}
