import type { Connection } from '../connection/connection.js';

const controllers = new WeakMap<Connection, AbortController>();

/** A signal that fires when a connection's link is gone; one for all who ask, as a connection may last for days. */
export function closeSignalOf(connection: Connection): AbortSignal {
  const known = controllers.get(connection);
  if (known) return known.signal;
  const controller = new AbortController();
  controllers.set(connection, controller);
  connection.once('close', () => {
    // A resumed session brings the same connection back.
    controllers.delete(connection);
    controller.abort();
  });
  return controller.signal;
}
