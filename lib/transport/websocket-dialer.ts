import type { Socket } from 'node:net';
import { WebSocket, type ClientOptions } from 'ws';
import type { Dialer } from '../connection/transport.js';
import { JstpError } from '../protocol/jstp-error.js';
import { startPatientKeepAliveTimer, stopTimer } from '../util/timer.js';
import { timeoutError } from './socket-dialer.js';
import { SUBPROTOCOL } from './subprotocol.js';
import type { WebSocketConfig } from './websocket-options.js';
import { WebSocketTransport } from './websocket-transport.js';

/**
 * Dials a WebSocket, secure or not as its URL says: `(webSocketConfig, url[, protocols, origin, headers])`, as
 * the reference's users call it, or the URL alone.
 */
export const webSocketDialer: Dialer = {
  dial(args, limits, callback) {
    let webSocket: WebSocket | undefined;
    let socket: Socket | undefined;
    let isOver = false;
    const finish = (error: Error | null): void => {
      if (isOver) return;
      isOver = true;
      stopTimer(timeout);
      if (error || !webSocket || !socket) {
        webSocket?.terminate();
        callback(error ?? new JstpError('ERR_JSTP_WEBSOCKET', 'The WebSocket has no socket'));
      } else callback(null, new WebSocketTransport(webSocket, socket, limits));
    };
    const timeout =
      limits.connectTimeoutMs > 0
        ? startPatientKeepAliveTimer(limits.connectTimeoutMs, () => {
            finish(timeoutError());
          })
        : undefined;
    try {
      const { url, options } = parseArguments(args);
      webSocket = new WebSocket(url, SUBPROTOCOL, {
        perMessageDeflate: false,
        skipUTF8Validation: true,
        maxPayload: limits.maxMessageBytes,
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
      stopTimer(timeout);
      webSocket?.terminate();
    };
  },
};

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
