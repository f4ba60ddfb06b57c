import { RpcException } from '@nestjs/microservices';
import { InternalApiError } from '../../application/application.js';
import type { OutcomeRules } from '../../application/exposed-methods.js';
import type { Connection } from '../../connection/connection.js';
import { JstpArgs } from '../jstp-args.js';
import { toWireError } from '../nest-error.js';

/**
 * How outcomes of functions that a Nest client exposes become answers: JstpArgs are several results, an RpcException
 * says what it is, and any other error is the code 16 alone.
 */
export const NEST_OUTCOMES: OutcomeRules<Connection> = {
  resultsOf: (value) => (value instanceof JstpArgs ? (value as JstpArgs).values : [value]),
  errorOf: (error, { extensions }) =>
    error instanceof RpcException
      ? toWireError(error.getError(), extensions.nest)
      : new InternalApiError(error),
};
