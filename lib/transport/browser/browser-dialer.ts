import type { Dialer } from '../../connection/transport.js';
import { JstpError } from '../../protocol/jstp-error.js';
import { nextTick } from '../../util/host.js';
import { BrowserTransport } from './browser-transport.js';
import { detachWebSocket, openWebSocket, type BrowserWebSocket } from './browser-websocket.js';
import { SUBPROTOCOL } from '../websocket/subprotocol.js';

/** Dials by the platform's WebSocket: `(url)`, or `(webSocketConfig, url)` as in Node, the first ignored. */
export const browserDialer: Dialer = {
  dial(args, limits, callback) {
    const url = urlOf(args);
    let webSocket: BrowserWebSocket | undefined;
    let isOver = false;
    const leave = (): void => {
      isOver = true;
      if (webSocket) detachWebSocket(webSocket);
    };
    const fail = (error: unknown): void => {
      if (isOver) return;
      leave();
      webSocket?.close();
      callback(error as Error);
    };
    try {
      const opened = (webSocket = openWebSocket(url, SUBPROTOCOL));
      opened.onopen = () => {
        // A browser refuses another one by itself; a WebSocket of the program's own may not.
        if (opened.protocol !== SUBPROTOCOL) {
          fail(connectError(`${url} speaks another protocol`));
          return;
        }
        leave();
        callback(null, new BrowserTransport(opened, limits));
      };
      // Why, a browser tells nobody: a page must not learn about the network that it is in. Node does.
      opened.onerror = ({ message }) =>
        fail(connectError(`No connection to ${url}${message ? `: ${message}` : ''}`));
      // In Node 20 an error is not always followed by this one, elsewhere it is.
      opened.onclose = () => fail(connectError(`No connection to ${url}`));
    } catch (error) {
      // A bad URL is thrown; JSTP's users expect it in the callback.
      nextTick(() => fail(error));
    }
    return () => {
      if (isOver) return;
      leave();
      webSocket?.close();
    };
  },
};

function urlOf([first, second]: readonly unknown[]): string {
  // A URL is an object, too, with a text of its own; a configuration is a plain one.
  const isConfig = first === null || first === undefined || (typeof first === 'object' && !('href' in first));
  return String(isConfig ? second : first);
}

function connectError(message: string): JstpError {
  return new JstpError('ERR_JSTP_CONNECT', message);
}
