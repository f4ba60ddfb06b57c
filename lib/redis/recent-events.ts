import type { CountedEvent, EventSource } from '../server/rooms/counted-event.js';

/** How many events are kept for sessions on their way from one server to another. */
const MAX_EVENTS = 1000;
/** How many characters their texts may have. */
const MAX_LENGTH = 1024 * 1024;

/** The events that have come last, for sessions that were on their way from one server to another meanwhile. */
export class RecentEvents implements EventSource {
  private events: { readonly event: CountedEvent; readonly length: number }[] = [];
  private length = 0;
  private last: number | undefined;

  get position(): number | undefined {
    return this.last;
  }

  /** Notes up to where events are known not to concern this server: it has begun to listen after them. */
  begin(position: number): void {
    this.last = Math.max(position, this.last ?? position);
  }

  /** @param length of its text */
  add(event: CountedEvent, length: number): void {
    // Redis has lost its data, and counts anew.
    if (this.last !== undefined && event.number <= this.last) this.clear();
    this.last = event.number;
    this.events.push({ event, length });
    this.length += length;
    while (this.events.length > MAX_EVENTS || this.length > MAX_LENGTH)
      this.length -= this.events.shift()?.length ?? 0;
  }

  *since(position: number): Generator<CountedEvent> {
    for (const { event } of this.events) if (event.number > position) yield event;
  }

  /** Forgets all: events may have been missed. */
  clear(): void {
    this.events = [];
    this.length = 0;
  }
}
