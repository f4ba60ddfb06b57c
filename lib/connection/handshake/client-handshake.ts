import { isVersionRange } from '../../application/version-text.js';
import {
  ERR_APP_NOT_FOUND,
  ERR_AUTH_FAILED,
  ERR_NO_HANDSHAKE_RESPONSE,
  ERR_SESSION_LOST,
  ERR_SESSION_TAKEN,
} from '../../protocol/error-codes.js';
import { formatHandshakeRequest } from '../../protocol/format-message.js';
import { MAX_SESSION_ID_LENGTH } from '../../protocol/limits.js';
import type { HandshakeResponse } from '../../protocol/message.js';
import {
  JOURNAL_FULL_INFO,
  LOGIN_LIMIT_INFO,
  SESSION_KEPT_INFO,
  SESSION_LOST_INFO,
  SESSION_TAKEN_INFO,
} from '../../protocol/refusal-info.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { Session } from '../../session/session.js';
import { splitVersionedName } from '../../util/versioned-name.js';
import type { AppSpecifier, Connection } from '../connection.js';
import {
  agreedNames,
  sameNames,
  termsOf,
  toOffer,
  type ExtensionName,
  type TransportTerms,
} from '../extensions.js';
import type { SessionClass } from '../client-parts.js';
import type { Credentials } from './credentials.js';
import { INSPECT, inspectAsJson, type Inspect } from '../../util/inspect.js';

/** A client's way into a session. */
export interface Entrance {
  readonly session: Session<Connection>;
  /** What the server has received, where the session came back. */
  readonly receivedCount: number | undefined;
  /** What was agreed on for the transport. */
  readonly terms: TransportTerms;
}

/** A handshake request of this side, until its answer. */
export class ClientHandshake {
  /** Whether the session may still be alive: there was no answer, or one that leaves it to other servers. */
  isSessionKept = false;
  private done = false;

  constructor(
    readonly credentials: Credentials<Connection>,
    readonly application: { readonly name: string; readonly version: string | undefined },
    private readonly callback: (error: unknown, response?: HandshakeResponse) => void,
  ) {}

  /** The request's text. */
  format(extensions: readonly ExtensionName[], maxBytes: number): string {
    const { name, version } = this.application;
    const { strategy, credentials } = this.credentials;
    return formatHandshakeRequest({
      application: name,
      version,
      extensions: toOffer(extensions, maxBytes),
      strategy: strategy === 'anonymous' && credentials === undefined ? undefined : strategy,
      credentials,
    });
  }

  /** Ends with the peer's answer. */
  answer(response: HandshakeResponse): void {
    if (response.error) {
      this.isSessionKept = response.error[2] === SESSION_KEPT_INFO;
      this.settle(refusalOf(response.error, this.application));
    } else this.settle(null, response);
  }

  /**
   * Turns the server's yes into a session; an error where it does not answer what was asked.
   * @param SessionClass the class of a new one
   */
  entranceOf(
    response: HandshakeResponse,
    offered: readonly ExtensionName[],
    SessionClass: SessionClass,
  ): Entrance | RemoteError {
    const { ok } = response;
    const { resumed, username } = this.credentials;
    const extensions = agreedNames(offered, response.extensions);
    const terms = termsOf(offered, response.extensions);
    const binding = { application: this.application.name, version: this.application.version, extensions };
    if (!resumed) {
      if (typeof ok !== 'string' || ok.length > MAX_SESSION_ID_LENGTH)
        return new RemoteError(ERR_AUTH_FAILED);
      const session = new SessionClass(null, username, ok);
      session.binding = binding;
      return { session, receivedCount: undefined, terms };
    }
    const isSame = !resumed.binding || sameNames(resumed.binding.extensions, extensions);
    if (typeof ok !== 'number' || !isSame || !resumed.journal.covers(ok))
      return new RemoteError(ERR_SESSION_LOST);
    resumed.binding = binding;
    return { session: resumed, receivedCount: ok, terms };
  }

  /** Ends without an answer: the transport is lost, or its time is over. */
  abandon(): void {
    this.isSessionKept = true;
    this.settle(new RemoteError(ERR_NO_HANDSHAKE_RESPONSE));
  }

  private settle(error: unknown, response?: HandshakeResponse): void {
    if (this.done) return;
    this.done = true;
    this.callback(error, response);
  }

  /** @internal What `JSON.stringify` shows: no credentials. */
  toJSON(): object {
    return { application: this.application, strategy: this.credentials.strategy };
  }

  /** @internal What Node prints, see {@link toJSON}. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectAsJson('ClientHandshake', this, options, inspect);
  }
}

/** The error of a session that the other side has ended, because more waited for this side than it keeps. */
export function sessionFull(): RemoteError {
  return new RemoteError(
    ERR_SESSION_LOST,
    'Session lost: more waited for this side than the other one keeps (its limits of the journal)',
    [JOURNAL_FULL_INFO],
  );
}

function refusalOf(error: readonly unknown[], application: ClientHandshake['application']): RemoteError {
  const [code, , info] = error;
  if (code === ERR_AUTH_FAILED && info === SESSION_LOST_INFO)
    return error[3] === JOURNAL_FULL_INFO ? sessionFull() : new RemoteError(ERR_SESSION_LOST);
  if (code === ERR_AUTH_FAILED && info === SESSION_TAKEN_INFO) return new RemoteError(ERR_SESSION_TAKEN);
  const refusal = RemoteError.fromJstpArray(error);
  if (code === ERR_AUTH_FAILED && info === LOGIN_LIMIT_INFO)
    refusal.message = `${RemoteError.defaultMessages[code]}: not decided, as too many logins have failed. Try again later`;
  if (code === ERR_APP_NOT_FOUND) {
    const { name, version } = application;
    // The code travels without the application's name, which this side knows.
    refusal.message = `${RemoteError.defaultMessages[code]}: ${version ? `${name}@${version}` : name}`;
  }
  return refusal;
}

/**
 * The name and version of an application specifier.
 * @throws Error 'Invalid semver version range'
 */
export function parseAppSpecifier(app: AppSpecifier): { name: string; version: string | undefined } {
  const [name, version] = typeof app === 'string' ? splitVersionedName(app) : [app.name, app.version];
  if (version && !isVersionRange(version)) throw new Error('Invalid semver version range');
  return { name, version: version || undefined };
}
