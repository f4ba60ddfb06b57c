import { EXIT, type ExitCode } from './exit-codes.js';

/** Ends the command with a text for the user and an exit code. */
export class CliError extends Error {
  /**
   * @param exitCode how the process ends
   * @param message what went wrong; it may hold a peer's text, which is made harmless where it is shown
   * @param hint what the user may do about it
   */
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  override get name(): string {
    return 'CliError';
  }
}

/** An error of the command line. */
export function usageError(message: string, hint?: string): CliError {
  return new CliError(EXIT.usage, message, hint);
}
