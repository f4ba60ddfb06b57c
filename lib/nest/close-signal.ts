import type { Connection } from '../connection/connection.js';

const controllers = new WeakMap<Connection, AbortController>();

/**
 * Returns a signal that fires when a connection loses or closes its transport. Why one signal for all callers: a
 * connection may last for days, and listeners would pile up.
 */
export function closeSignalOf(connection: Connection): AbortSignal {
  const known = controllers.get(connection);
  if (known) return known.signal;
  const controller = new AbortController();
  controllers.set(connection, controller);
  connection.once('close', () => {
    // Why deleted: a resume brings the same connection back, which needs a new signal then.
    controllers.delete(connection);
    controller.abort();
  });
  return controller.signal;
}
