import type { Dialer } from '../../connection/transport.js';
import { JstpError } from '../../protocol/jstp-error.js';
import { nextTick } from '../../util/host.js';
import { SUBPROTOCOL } from '../websocket/subprotocol.js';
import { BrowserTransport } from './browser-transport.js';
import { detachWebSocket, openWebSocket, type BrowserWebSocket } from './browser-websocket.js';

/** Dials by the platform's WebSocket. The arguments are `(url)`, or `(webSocketConfig, url)` as in Node, where the first is ignored. */
export const browserDialer: Dialer = {
  dial(args, limits, callback) {
    const url = urlOf(args);
    let webSocket: BrowserWebSocket | undefined;
    let isOver = false;
    const stop = (): void => {
      isOver = true;
      if (webSocket) detachWebSocket(webSocket);
    };
    const fail = (error: unknown): void => {
      if (isOver) return;
      stop();
      webSocket?.close();
      callback(error as Error);
    };
    try {
      const opened = (webSocket = openWebSocket(url, SUBPROTOCOL));
      opened.onopen = () => {
        // A browser refuses another subprotocol itself, but a WebSocket that the program brings may not.
        if (opened.protocol !== SUBPROTOCOL) {
          fail(connectError(`${url} speaks another protocol`));
          return;
        }
        stop();
        callback(null, new BrowserTransport(opened, limits));
      };
      // A browser tells no reason, since a page must not learn about the network around it. Node tells one.
      opened.onerror = ({ message }) =>
        fail(connectError(`No connection to ${url}${message ? `: ${message}` : ''}`));
      // Needed besides 'error': Node 20 does not emit both in all cases.
      opened.onclose = () => fail(connectError(`No connection to ${url}`));
    } catch (error) {
      // The platform throws for a bad URL. JSTP's users expect the error in the callback.
      nextTick(() => fail(error));
    }
    return () => {
      if (isOver) return;
      stop();
      webSocket?.close();
    };
  },
};

function urlOf([first, second]: readonly unknown[]): string {
  // A URL object has a `href`, a configuration has none.
  const isConfig = first === null || first === undefined || (typeof first === 'object' && !('href' in first));
  return String(isConfig ? second : first);
}

function connectError(message: string): JstpError {
  return new JstpError('ERR_JSTP_CONNECT', message);
}
