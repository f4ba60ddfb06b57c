import { ConfigurationError } from '../../protocol/configuration-error.js';
import { HandshakeRun } from './handshake-run.js';
import { toClientError } from './validation-issues.js';

/** Runs the pipes of a parameter: the part of Nest's `PipesConsumer` that is used here. */
export interface PipesRunner {
  apply(value: unknown, metadata: unknown, pipes: readonly unknown[]): Promise<unknown>;
}

const telling = new WeakSet<PipesRunner>();

/**
 * Makes errors of pipes that blame the caller errors that the caller is told, before filters and interceptors get them.
 * Why at the pipes: Nest makes 'Internal server error' of all alike, and what a handler throws is not the caller's.
 *
 * A stranger is told nothing: the pipes of handshake handlers go on as before.
 * @param runner undefined where this Nest keeps it elsewhere
 * @throws ConfigurationError where there is none
 */
export function tellValidationErrors(runner: PipesRunner | undefined): void {
  if (!runner)
    throw new ConfigurationError('validationErrors', 'issues', "'hidden' with this version of Nest");
  if (telling.has(runner)) return;
  telling.add(runner);
  const apply = runner.apply.bind(runner);
  runner.apply = async (value, metadata, pipes) => {
    try {
      return await apply(value, metadata, pipes);
    } catch (error) {
      throw HandshakeRun.isUnderWay ? error : toClientError(error);
    }
  };
}
