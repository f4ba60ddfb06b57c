import type { Server as NodeServer, Socket } from 'node:net';

/**
 * Puts a decision before what a server of Node does by itself with the sockets that it accepts: TLS, HTTP.
 * Why its own listeners are taken away: they have begun their work before any listener that is added.
 * @param decide is given each socket, and a function that lets the server go on with it, now or later
 */
export function decideFirst(raw: NodeServer, decide: (socket: Socket, goOn: () => void) => void): void {
  const own = raw.listeners('connection') as ((socket: Socket) => void)[];
  for (const listener of own) raw.off('connection', listener);
  raw.on('connection', (socket: Socket) => {
    decide(socket, () => {
      for (const listener of own) listener.call(raw, socket);
    });
  });
}
