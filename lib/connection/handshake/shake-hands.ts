import { ERR_NOT_CONNECTED } from '../../protocol/error-codes.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { Session } from '../../session/session.js';
import type { Callback } from '../../util/callback.js';
import { bindContext } from '../../util/async-context.js';
import { nextTick } from '../../util/host.js';
import { ClientHandshake, parseAppSpecifier, type Credentials } from './client-handshake.js';
import type { AppSpecifier } from '../client-options.js';
import type { Connection } from '../connection.js';
import type { ExtensionName } from '../extensions.js';
import type { SessionLink } from '../session-link.js';

/** Sends a client's handshake and follows it to its end, into the session or out of the connection. */
export function shakeHands(
  link: SessionLink,
  app: AppSpecifier,
  credentials: Credentials,
  answer: Callback<[session?: Session<Connection>]>,
): void {
  const callback = bindContext(answer);
  const later = (error: unknown): void => {
    nextTick(() => {
      callback(error);
    });
  };
  let application;
  try {
    application = parseAppSpecifier(app);
  } catch (error) {
    later(error);
    return;
  }
  if (link.state.name !== 'new') {
    later(new RemoteError(ERR_NOT_CONNECTED));
    return;
  }
  const offered = offerFor(credentials, link.offeredExtensions);
  const handshake = new ClientHandshake(credentials, application, (error, response) => {
    const entrance = response && handshake.entranceOf(response, offered);
    if (!entrance || entrance instanceof RemoteError) {
      const failure = error ?? entrance;
      link.handshakeFailed(failure, credentials.resumed, !handshake.isSessionKept);
      callback(failure);
      return;
    }
    link.enterSession(entrance.session, entrance.receivedCount, entrance.peerMaxBytes);
    callback(null, entrance.session);
  });
  try {
    link.awaitAnswer(handshake, offered);
  } catch (error) {
    // Credentials that cannot be sent.
    link.end(undefined);
    later(error);
  }
}

/** A session that comes back has the extensions that it was made with; one that the reference stored has none. */
function offerFor({ resumed }: Credentials, ours: readonly ExtensionName[]): readonly ExtensionName[] {
  return resumed ? ours.filter((name) => resumed.binding?.extensions.includes(name)) : ours;
}
