import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket, type ClientOptions } from 'ws';
import type { Dialer, Transport } from '../../connection/transport.js';
import type { Limits } from '../../protocol/limits.js';
import { BrowserTransport } from '../browser/browser-transport.js';
import type { BrowserWebSocket } from '../browser/browser-websocket.js';
import { tellAccepted } from '../socket/socket-dialer.js';
import { SUBPROTOCOL } from './subprotocol.js';
import type { WebSocketConfig } from './websocket-options.js';
import { WebSocketTransport } from './websocket-transport.js';

/**
 * Dials a WebSocket, secure or not as its URL says: `(webSocketConfig, url[, protocols, origin, headers])`, as
 * the reference's users call it, or the URL alone.
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
    try {
      const { url, options } = parseArguments(args);
      webSocket = new WebSocket(url, SUBPROTOCOL, {
        perMessageDeflate: false,
        skipUTF8Validation: true,
        maxPayload: limits.maxMessageBytes,
        ...(onAccepted && { finishRequest: watched(onAccepted) }),
        ...options,
      });
      webSocket.once('upgrade', (response) => {
        socket = response.socket;
      });
      webSocket.once('open', () => {
        finish(null);
      });
      // Stays: the late errors of an attempt that was given up concern nobody.
      webSocket.on('error', finish);
    } catch (error) {
      // A bad URL: `ws` throws, JSTP's users expect it in the callback.
      process.nextTick(finish, error);
    }
    return () => {
      isOver = true;
      webSocket?.terminate();
    };
  },
};

/** Sends the request of the upgrade, and tells when the peer has accepted its socket. */
function watched(onAccepted: () => void): (request: ClientRequest) => void {
  return (request) => {
    request.once('socket', (socket) => {
      tellAccepted(socket, onAccepted);
    });
    request.end();
  };
}

/** Where `ws` is the platform's own (Bun) there is no socket underneath: it is used as a browser's is. */
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
      // Node's own types, of which those of `ws` differ in one function that it hands on to Node.
    } as ClientOptions,
  };
}
