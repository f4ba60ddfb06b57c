import type { Callback } from '../util/callback.js';
import { runConnectPolicy } from './handshake/connect-policy.js';
import { Lifecycle } from './lifecycle.js';
import { observeConnect } from './observing/observe-connect.js';
import { Attempt } from './reconnect/attempt.js';
import { Redialer, type DialedAs } from './reconnect/redialer.js';
import type { ResolvedClient } from './resolved-client.js';
import type { Dialer, Dialers } from './transport.js';

/**
 * Connects a client whose options are resolved.
 * @param dialer dials
 * @param dialers for `reconnectFn('ws', ...)`
 * @param callback gets the error, the connection and the session
 */
export function connectAs(
  dialedAs: DialedAs,
  settings: ResolvedClient,
  dialer: Dialer,
  dialers: Dialers,
  callback: Callback,
): void {
  observeConnect(dialedAs.app, undefined, callback, (done) => {
    attemptFirst(dialedAs, settings, dialer, dialers, done);
  });
}

function attemptFirst(
  dialedAs: DialedAs,
  settings: ResolvedClient,
  dialer: Dialer,
  dialers: Dialers,
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
    const redialer = new Redialer(lifecycle, settings, dialers, dialedAs);
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
