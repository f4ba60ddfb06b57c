import type { ArgumentsOf } from '../util/event-emitter.js';
import type { ConnectionEvents, LogEvent } from './connection.js';

/** Tells the connection's listeners, its logger and its server what happens. */
export interface Reporter {
  /** Whether somebody listens for a log event, so that the costly ones are made at all. */
  isLogged(event: LogEvent): boolean;
  /** Emits a log event: to the client's logger if there is one, else on the connection. */
  log<Event extends LogEvent>(event: Event, ...args: ArgumentsOf<ConnectionEvents, Event>): void;
  /** Emits an event of the connection's life. What a listener throws is reported, and changes nothing. */
  announce<Event extends keyof ConnectionEvents>(
    event: Event,
    ...args: ArgumentsOf<ConnectionEvents, Event>
  ): void;
  /** Emits an error to those who listen for it; answers whether somebody does. */
  tell(error: unknown): boolean;
  /** Runs the user's code; what it throws or rejects with is reported and goes no further. */
  guard(run: () => unknown): void;
  /** Reports an error of the user's code: it never vanishes and never ends the process. */
  reportError(error: unknown): void;
}
