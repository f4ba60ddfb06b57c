import type { ApplicationLike } from '../../application/application.js';
import { serveCall } from '../../application/serve-call.js';
import type { ErrorReporter } from '../../util/event-emitter.js';
import type { Observation } from '../../util/observation.js';
import type { ReceivedCall } from '../calls/received-call.js';
import type { Connection } from '../connection.js';

/** Serves a call that is observed. Why apart: a closure in the function that serves each call would cost also where nobody observes. */
export function serveObserved(
  observation: Observation,
  application: ApplicationLike<Connection>,
  call: ReceivedCall,
  reporter: ErrorReporter,
): unknown {
  const serve = (): unknown => serveCall(application, call, reporter);
  return observation.run ? observation.run(serve) : serve();
}
