import { RpcException } from '@nestjs/microservices';
import { INTERNAL_SERVER_ERROR } from '../constants.js';

/**
 * Makes of an error what Nest's own filter makes of it. For errors that never reach the filter: those of an async
 * generator, and those of a handler that was added by hand.
 *
 * @param report called with an error that the peer is not told of
 */
export function failureOf(error: unknown, report: (error: unknown) => void): unknown {
  if (error instanceof RpcException) {
    const value: unknown = error.getError();
    return typeof value === 'object' && value !== null ? value : { status: 'error', message: value };
  }
  report(error);
  return INTERNAL_SERVER_ERROR;
}
