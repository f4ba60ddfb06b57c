import type { Callback } from '../util/callback.js';
import { runConnectPolicy } from './handshake/connect-policy.js';
import { Lifecycle } from './lifecycle.js';
import { observeConnect } from './observing/observe-connect.js';
import { Attempt } from './reconnect/attempt.js';
import type { DialedAs } from './reconnect/comeback.js';
import { Redialer } from './reconnect/redialer.js';
import type { ResolvedClient } from './resolved-client.js';
import type { Dialer } from './transport.js';

/**
 * Connects a client whose options are resolved.
 * @param dialer dials
 * @param callback gets the error, the connection and the session
 */
export function connectAs(
  dialedAs: DialedAs,
  settings: ResolvedClient,
  dialer: Dialer,
  callback: Callback,
): void {
  observeConnect(dialedAs.app, undefined, callback, (done) => {
    attemptFirst(dialedAs, settings, dialer, done);
  });
}

function attemptFirst(
  dialedAs: DialedAs,
  settings: ResolvedClient,
  dialer: Dialer,
  callback: Callback,
): void {
  const { client } = settings;
  const attempt = new Attempt(settings);
  let giveUp = (): void => {
    attempt.stop();
  };
  attempt.dial(dialer, dialedAs.args, (error, transport) => {
    if (!transport) {
      callback(error);
      return;
    }
    const lifecycle = new Lifecycle(transport, null, settings, settings.limits);
    const { connection } = lifecycle;
    giveUp = () => {
      if (!connection.handshakeDone) connection.close();
    };
    attempt.shakeHands(() => {
      transport.destroy();
    });
    const redialer = new Redialer(lifecycle, settings, dialedAs);
    lifecycle.redialer = redialer;
    if (settings.heartbeatInterval) connection.startHeartbeat(settings.heartbeatInterval);
    const { connectPolicy, session: given } = settings;
    runConnectPolicy(connectPolicy, dialedAs.app, connection, given, (failure, _connection, session) => {
      attempt.stop();
      if (failure) connection.stopHeartbeat();
      else redialer.arm();
      callback(failure, connection, session ?? connection.session);
    });
  });
  client.signal?.addEventListener('abort', () => giveUp(), { once: true });
}
