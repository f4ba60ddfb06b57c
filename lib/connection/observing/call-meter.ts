import type { ApplicationLike } from '../../application/application.js';
import type { Observation } from '../../util/observation.js';

/**
 * Counts the calls and events of some connections: those of one server, or of one client. Why beside observers, which see
 * those of the whole process: counting must cost next to nothing, and needs no more than names and outcomes.
 */
export interface CallMeter {
  /** A call of the peer. @param application the one that serves it; null: none does */
  serve(application: ApplicationLike<never> | null, interfaceName: string, methodName: string): Observation;
  /** An event of the peer. @param application the one that handles it; null: none does */
  handle(application: ApplicationLike<never> | null, interfaceName: string, eventName: string): Observation;
  /** A call of this side. */
  call(interfaceName: string, methodName: string): Observation;
  /** An event of this side. */
  emit(interfaceName: string, eventName: string): Observation;
}
