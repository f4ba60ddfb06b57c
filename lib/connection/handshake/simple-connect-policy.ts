import type { Session } from '../../session/session.js';
import type { AppSpecifier, Connection, ConnectPolicyCallback } from '../connection.js';
import { INSPECT, inspectAsJson, type Inspect } from '../../util/inspect.js';

/** Logs in with a name and password, anonymously without; resumes the session where there is one. */
export class SimpleConnectPolicy {
  /**
   * @param login user name; without it the login is anonymous
   * @param password the user's password
   */
  constructor(
    readonly login?: string | null,
    readonly password?: string | null,
  ) {}

  /** Does the handshake. */
  connect(
    app: AppSpecifier,
    connection: Connection,
    session: Session<Connection> | null | undefined,
    callback: ConnectPolicyCallback,
  ): void {
    const done = (error: unknown, opened?: Session<Connection>): void => {
      callback(error, connection, opened);
    };
    if (session) connection.handshake(app, session, null, done);
    else connection.handshake(app, this.login, this.password, done);
  }

  /** @internal What `JSON.stringify` shows: no password. */
  toJSON(): object {
    return { login: this.login };
  }

  /** @internal What Node prints, see {@link toJSON}. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectAsJson('SimpleConnectPolicy', this, options, inspect);
  }
}
