import type { Socket } from 'node:net';
import type { Dialer } from '../../connection/transport.js';
import { SocketTransport } from './socket-transport.js';

/** How long to wait, in milliseconds, before an IPC socket is dialed again whose queue of connections is full (EAGAIN). */
const RETRY_MS = 10;

/**
 * Makes a dialer of byte streams.
 * @param open opens a socket with the user's arguments; it may throw
 * @param readyEvent the event of a socket that can be used
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
          // Node throws for a bad port or address. JSTP's users expect the error in the callback.
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

/** Calls back when the peer has accepted a socket. What follows (TLS, an upgrade) depends on the peer, too. */
export function tellAccepted(socket: Socket, onAccepted: () => void): void {
  if (socket.connecting) socket.once('connect', onAccepted);
  else onAccepted();
}

function abandon(socket: Socket | undefined): void {
  // Errors after this point concern nobody, but without a listener Node would throw them.
  socket?.on('error', () => undefined).destroy();
}
