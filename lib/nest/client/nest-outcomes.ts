import { RpcException } from '@nestjs/microservices';
import { InternalApiError } from '../../application/application.js';
import type { ExposedRules } from '../../application/exposed-methods.js';
import type { Connection } from '../../connection/connection.js';
import { runInDeadlineScope } from '../deadline-scope.js';
import { JstpArgs } from '../jstp-args.js';
import { toWireError } from '../nest-error.js';

/**
 * What goes for functions that a Nest client exposes: JstpArgs are several results, an RpcException says what it is, and any
 * other error is the code 16 alone. Calls made within them may inherit their deadline.
 */
export const NEST_OUTCOMES: ExposedRules<Connection> = {
  resultsOf: (value) => (value instanceof JstpArgs ? (value as JstpArgs).values : [value]),
  errorOf: (error, { extensions }) =>
    error instanceof RpcException
      ? toWireError(error.getError(), extensions.nest)
      : new InternalApiError(error),
  runWithin: runInDeadlineScope,
};
