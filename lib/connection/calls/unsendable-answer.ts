import { JstpError } from '../../protocol/jstp-error.js';
import { toSafeString } from '../../protocol/safe-string.js';
import type { Connection } from '../connection.js';

/** What an answer belongs to. */
interface AnsweredCall {
  readonly connection: Connection;
  readonly interfaceName: string;
  readonly methodName: string;
}

/**
 * A result, a value of a stream or an error of a method that cannot be sent. The caller gets the code 16, or the error
 * without its value.
 */
export class UnsendableAnswer extends JstpError {
  /** The application of the method; null where it has none any more. */
  readonly application: { readonly name: string; readonly version: string } | null;
  readonly interfaceName: string;
  readonly methodName: string;

  /**
   * @param call - the call that is answered
   * @param cause - why the answer cannot be sent
   */
  constructor(call: AnsweredCall, cause: unknown) {
    const { interfaceName, methodName, connection } = call;
    const why = cause instanceof Error ? cause.message : toSafeString(cause);
    super(
      'ERR_JSTP_UNSENDABLE_ANSWER',
      `What ${interfaceName}.${methodName} answers cannot be sent: ${why}`,
      {
        cause,
      },
    );
    const { application } = connection;
    this.application = application && { name: application.name, version: application.version };
    this.interfaceName = interfaceName;
    this.methodName = methodName;
  }

  /** The class's name, as the stack shows it. */
  override get name(): string {
    return 'UnsendableAnswer';
  }
}
