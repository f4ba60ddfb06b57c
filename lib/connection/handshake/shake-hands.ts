import { ERR_NOT_CONNECTED } from '../../protocol/error-codes.js';
import { outcomeCodeOf } from '../../protocol/outcome-code.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { Session } from '../../session/session.js';
import { bindContext } from '../../util/async-context.js';
import { ignore, type Callback } from '../../util/callback.js';
import { nextTick } from '../../util/host.js';
import type { Observation } from '../../util/observation.js';
import { ClientHandshake, parseAppSpecifier, type Entrance } from './client-handshake.js';
import type { Credentials } from './credentials.js';
import type { SessionClass } from '../client-parts.js';
import type { AppSpecifier, Connection } from '../connection.js';
import type { ExtensionName } from '../extensions.js';
import { begin, watches } from '../observing/observers.js';
import type { ConnectionState } from '../state.js';

/** What a client's handshake asks of its connection. */
export interface HandshakeOwner {
  readonly connection: Connection;
  readonly state: ConnectionState;
  /** The extensions that this side offers. */
  readonly offeredExtensions: readonly ExtensionName[];
  /** The class of a new session. */
  readonly SessionClass: SessionClass;
  /** Sends the request; its answer ends the handshake. */
  awaitAnswer(handshake: ClientHandshake, offered: readonly ExtensionName[]): void;
  /** The server has let the client in. */
  enterSession(entrance: Entrance): void;
  /**
   * The server has not let the client in, or the transport was lost before.
   * @param resumed the session that was to be resumed
   * @param isAnswered whether the server's answer says that the session, if there is one, cannot be had
   */
  handshakeFailed(error: unknown, resumed: Session<Connection> | undefined, isAnswered: boolean): void;
  /** Ends the connection. */
  end(reason: 'abandoned'): void;
}

/** Sends a client's handshake and follows it to its end, into the session or out of the connection. */
export function shakeHands(
  owner: HandshakeOwner,
  app: AppSpecifier,
  credentials: Credentials<Connection>,
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
  if (owner.state.name !== 'new') {
    later(new RemoteError(ERR_NOT_CONNECTED));
    return;
  }
  const offered = offerFor(credentials, owner.offeredExtensions);
  const observation = observeHandshake(owner.connection, application, credentials);
  const handshake = new ClientHandshake(credentials, application, (error, response) => {
    const entrance = response && handshake.entranceOf(response, offered, owner.SessionClass);
    if (!entrance || entrance instanceof RemoteError) {
      const failure = error ?? entrance;
      owner.handshakeFailed(failure, credentials.resumed, !handshake.isSessionKept);
      observation?.end(outcomeCodeOf(failure), failure);
      callback(failure);
      return;
    }
    owner.enterSession(entrance);
    observation?.end(0);
    callback(null, entrance.session);
  });
  try {
    owner.awaitAnswer(handshake, offered);
  } catch (error) {
    // Credentials that cannot be sent.
    owner.end('abandoned');
    observation?.end(outcomeCodeOf(error), error);
    later(error);
  }
}

function observeHandshake(
  connection: Connection,
  { name, version }: { readonly name: string; readonly version: string | undefined },
  { strategy, resumed }: Credentials<Connection>,
): Observation | undefined {
  const kind = resumed ? 'resume' : 'handshake';
  if (!watches[kind].isOn) return undefined;
  const application = version ? `${name}@${version}` : name;
  const operation = { kind, side: 'client', connection, application, strategy } as const;
  const observation = begin({ ...operation, code: undefined, error: undefined });
  observation.run(ignore);
  return observation;
}

/** A session that comes back has the extensions that it was made with; one that the reference stored has none. */
function offerFor(
  { resumed }: Credentials<Connection>,
  ours: readonly ExtensionName[],
): readonly ExtensionName[] {
  if (!resumed) return ours;
  const made = resumed.binding?.extensions ?? [];
  // Attachments are of the transport: where the session has bytes, they may be there.
  return ours.filter((name) => made.includes(name === 'attachments' ? 'bytes' : name));
}
