import type { Socket } from 'node:net';
import type { Dialer } from '../connection/transport.js';
import { JstpError } from '../protocol/jstp-error.js';
import { startPatientKeepAliveTimer, stopTimer } from '../util/timer.js';
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
    dial(args, limits, callback) {
      let socket: Socket | undefined;
      let retry: NodeJS.Timeout | undefined;
      let isOver = false;
      const finish = (error: Error | null): void => {
        if (isOver) return;
        isOver = true;
        stopTimer(timeout);
        clearTimeout(retry);
        socket?.off('error', onError).off(readyEvent, onReady);
        if (error || !socket) {
          abandon(socket);
          callback(error);
        } else callback(null, new SocketTransport(socket, limits));
      };
      const onTimeout = (): void => {
        finish(timeoutError());
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
        } catch (error) {
          // A bad port or address: Node throws, JSTP's users expect it in the callback.
          process.nextTick(finish, error);
        }
      };
      const timeout =
        limits.connectTimeoutMs > 0
          ? startPatientKeepAliveTimer(limits.connectTimeoutMs, onTimeout)
          : undefined;
      attempt();
      return () => {
        isOver = true;
        stopTimer(timeout);
        clearTimeout(retry);
        abandon(socket);
      };
    },
  };
}

function abandon(socket: Socket | undefined): void {
  // Its late errors concern nobody.
  socket?.on('error', () => undefined).destroy();
}

/** What an attempt fails with that takes too long. */
export function timeoutError(): JstpError {
  return new JstpError('ETIMEDOUT', 'The connection was not made in time (limits.connectTimeoutMs)');
}
