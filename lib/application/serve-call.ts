import type { ErrorReporter } from '../util/event-emitter.js';
import { InternalApiError, type ApplicationLike } from './application.js';
import type { IncomingCall } from './incoming-call.js';
import type { MethodCallback } from './method-callback.js';

/**
 * Lets an application serve a call, by `handleCall` if it has that, else by `callMethod`.
 * @param reporter gets an error that a method let escape; the caller gets its code alone
 * @returns what `handleCall` returns: a Promise tells when it has ended
 * @throws what the application throws; the call has no answer then
 */
export function serveCall<C>(
  application: ApplicationLike<C>,
  call: IncomingCall<C>,
  reporter: ErrorReporter,
): unknown {
  if (application.handleCall) return application.handleCall(call);
  const { connection, interfaceName, methodName, args } = call;
  application.callMethod(connection, interfaceName, methodName, args, callbackOf(call, reporter), call);
  return undefined;
}

function callbackOf<C>(call: IncomingCall<C>, reporter: ErrorReporter): MethodCallback {
  return (error, ...results) => {
    // Any falsy error is none, as everywhere in JSTP.
    if (!error) {
      call.succeed(results);
      return;
    }
    call.fail(error);
    if (error instanceof InternalApiError) reporter.reportError(error.cause);
  };
}
