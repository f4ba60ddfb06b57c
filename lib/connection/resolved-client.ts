import type { ApplicationLike } from '../application/application.js';
import type { Limits } from '../protocol/limits.js';
import type { Session } from '../session/session.js';
import type { ClientParts } from './client-parts.js';
import type { ClientOptions, Connection, ConnectPolicyFunction, LogEmitter } from './connection.js';
import type { ExtensionName } from './extensions.js';
import type { Comeback, ComebackHost } from './reconnect/comeback.js';

/** The client options with their defaults, and how the connection was made: what a reconnect repeats. */
export interface ResolvedClient {
  /** The options as the user gave them. */
  readonly client: ClientOptions;
  readonly application: ApplicationLike<Connection>;
  readonly connectPolicy: ConnectPolicyFunction;
  readonly heartbeatInterval: number | undefined;
  readonly session: Session<Connection> | null | undefined;
  /** Makes what brings the connection back without being told. Undefined: it does not come back by itself. */
  readonly createComeback: ((host: ComebackHost) => Comeback) | undefined;
  readonly logger: LogEmitter | undefined;
  readonly limits: Limits;
  readonly extensions: readonly ExtensionName[];
  readonly dialArguments: ClientOptions['dialArguments'];
  readonly parts: ClientParts;
}
