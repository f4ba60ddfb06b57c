import { outcomeCodeOf } from '../../protocol/outcome-code.js';
import type { Callback } from '../../util/callback.js';
import { begin, watches } from './observers.js';
import type { ConnectOperation } from './operations.js';
import type { AppSpecifier, Connection } from '../connection.js';

/**
 * Lets an attempt to connect be observed.
 * @param app the application that is asked for
 * @param connection the connection, where it is to come back
 * @param done gets the attempt's end; the first of its results is the connection
 * @param attempt makes it; calls back with its end
 */
export function observeConnect(
  app: AppSpecifier,
  connection: Connection | undefined,
  done: Callback,
  attempt: (done: Callback) => void,
): void {
  if (!watches.connect.isOn) {
    attempt(done);
    return;
  }
  const operation: ConnectOperation = {
    kind: 'connect',
    application: shownOf(app),
    isReconnect: connection !== undefined,
    connection,
    code: undefined,
    error: undefined,
  };
  const observation = begin(operation);
  observation.run(() => {
    attempt((error, ...results) => {
      operation.connection ??= results[0] as Connection | undefined;
      observation.end(outcomeCodeOf(error), error);
      done(error, ...results);
    });
  });
}

function shownOf(app: AppSpecifier): string {
  if (typeof app === 'string') return app;
  return app.version ? `${app.name}@${app.version}` : app.name;
}
