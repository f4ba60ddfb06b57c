import type { AppSpecifier } from '../../connection/connection.js';
import type { LogIn } from '../../connection/keeper/keeper-options.js';
import { ERR_AUTH_FAILED } from '../../protocol/error-codes.js';
import { RemoteError } from '../../protocol/remote-error.js';

/** How a client logs in. */
interface LoginOptions {
  readonly login?: string | null;
  readonly password?: string | null;
  readonly strategy?: string;
  /** What the strategy sends, or a function that returns it. */
  readonly credentials?: unknown;
}

/** Returns a function that logs a fresh connection in as a client's options say. */
export function logInBy(app: AppSpecifier, { login, password, strategy, credentials }: LoginOptions): LogIn {
  if (strategy === undefined) {
    return (connection, done) => {
      connection.handshake(app, login, password, done);
    };
  }
  const ask = async (): Promise<unknown> =>
    typeof credentials === 'function' ? (credentials as () => unknown)() : credentials;
  return (connection, done) => {
    ask().then(
      (value) => {
        connection.authenticate(app, strategy, value, done);
      },
      (error: unknown) => {
        connection.close();
        done(error ? error : new RemoteError(ERR_AUTH_FAILED));
      },
    );
  };
}
