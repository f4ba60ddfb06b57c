import { RemoteError } from '../protocol/remote-error.js';
import type { PresentSession } from '../server/rooms/presence.js';
import type { Rooms } from '../server/rooms/rooms.js';
import type { CallQuestion, WhoQuestion } from './broadcast-message.js';

/** Who is in a room of one server, as the servers tell each other. */
export interface WhoAnswer {
  readonly sessions: readonly PresentSession[];
  readonly count: number;
}

/** The outcome of a call to the clients of one server: a result, an error, or neither, where there are no such clients. */
export interface CallAnswer {
  /** The result, within an array. */
  readonly ok?: readonly [result: unknown];
  /** The error as JSTP writes it. */
  readonly error?: readonly unknown[];
}

/** Answers the questions of other servers about the clients of this one. */
export class Respondent {
  /** What cancels the calls whose results are awaited, by the ids of their questions. */
  private readonly calls = new Map<string, AbortController>();

  /** Tells who is in a room of some servers of this process. */
  who(rooms: Iterable<Rooms>, { room, maxListed }: WhoQuestion): WhoAnswer {
    const sessions: PresentSession[] = [];
    let count = 0;
    for (const each of rooms) {
      const presence = each.who(room, maxListed - sessions.length);
      sessions.push(...presence.sessions);
      count += presence.count;
    }
    return { sessions, count };
  }

  /** Calls clients of some servers of this process. The first result counts. */
  async call(rooms: Iterable<Rooms>, question: CallQuestion): Promise<CallAnswer> {
    const { id, selection, interfaceName, method, args, metadata, timeoutMs } = question;
    const asked = [...rooms].filter((each) => each.hasAny(selection));
    if (asked.length === 0) return {};
    const controller = new AbortController();
    this.calls.set(id, controller);
    const options = { metadata, timeout: timeoutMs, signal: controller.signal };
    try {
      const calls = asked.map((each) => each.call(selection, interfaceName, method, args, options));
      return { ok: [await Promise.any(calls)] };
    } catch (error) {
      const [first] = (error as AggregateError).errors as unknown[];
      return { error: RemoteError.getJstpArrayFor(first) };
    } finally {
      this.calls.delete(id);
      // The calls to the clients of other servers of this process.
      controller.abort();
    }
  }

  /** Nobody waits for the result of a call any more. */
  drop(id: string): void {
    this.calls.get(id)?.abort();
  }

  /** Ends all calls. */
  close(): void {
    for (const controller of this.calls.values()) controller.abort();
  }
}
