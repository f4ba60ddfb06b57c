import type { Socket } from 'node:net';
import type { Dialer } from '../../connection/transport.js';
import { SocketTransport } from './socket-transport.js';

/** How long to wait before an IPC socket whose queue of connections is full (EAGAIN) is tried again. */
const RETRY_MS = 10;

/**
 * Makes a dialer of byte streams.
 * @param open opens a socket with the user's arguments
 * @param readyEvent the socket's event when it can be used
 */
export function socketDialer(open: (args: readonly unknown[]) => Socket, readyEvent = 'connect'): Dialer {
  return {
    dial(args, limits, callback, onAccepted) {
      let socket: Socket | undefined;
      let retry: NodeJS.Timeout | undefined;
      let isOver = false;
      const finish = (error: Error | null): void => {
        if (isOver) return;
        isOver = true;
        clearTimeout(retry);
        socket?.off('error', onError).off(readyEvent, onReady);
        if (error || !socket) {
          abandon(socket);
          callback(error);
        } else callback(null, new SocketTransport(socket, limits));
      };
      const onReady = (): void => {
        finish(null);
      };
      const onError = (error: NodeJS.ErrnoException): void => {
        if (error.code === 'EAGAIN') retry = setTimeout(attempt, RETRY_MS);
        else finish(error);
      };
      const attempt = (): void => {
        try {
          socket = open(args).once(readyEvent, onReady).once('error', onError);
          if (onAccepted) tellAccepted(socket, onAccepted);
        } catch (error) {
          // A bad port or address: Node throws, JSTP's users expect it in the callback.
          process.nextTick(finish, error);
        }
      };
      attempt();
      return () => {
        isOver = true;
        clearTimeout(retry);
        abandon(socket);
      };
    },
  };
}

/** Tells when the peer has accepted a socket: what comes then (TLS, an upgrade) is the peer's part, too. */
export function tellAccepted(socket: Socket, onAccepted: () => void): void {
  if (socket.connecting) socket.once('connect', onAccepted);
  else onAccepted();
}

function abandon(socket: Socket | undefined): void {
  // Its late errors concern nobody.
  socket?.on('error', () => undefined).destroy();
}
