import type { Observable, Subscription } from 'rxjs';
import { JstpStream } from '../../connection/calls/jstp-stream.js';
import { allowMore } from '../../connection/calls/open-stream.js';
import type { OutgoingCall } from '../../connection/calls/outgoing-calls.js';
import { ValueQueue, type QueueFeed } from '../../connection/calls/value-queue.js';
import type { Connection } from '../../connection/connection.js';

/** A call of `send` whose values are read one by one: what is not read holds the server back. */
export class StreamFlow<T> implements QueueFeed {
  private readonly queue = new ValueQueue<T>(this);
  private subscription: Subscription | undefined;
  private sent: { readonly connection: Connection; readonly call: OutgoingCall } | undefined;

  /** Makes the call. */
  start(values: Observable<T>): JstpStream<T> {
    const { queue } = this;
    this.subscription = values.subscribe({
      next: (value) => {
        queue.push(value);
      },
      error: (error) => {
        queue.fail(error);
      },
      complete: () => {
        queue.end();
      },
    });
    return new JstpStream(queue);
  }

  /** The call has gone out, perhaps again. */
  began(connection: Connection, call: OutgoingCall): void {
    call.backlog = () => this.queue.size;
    this.sent = { connection, call };
  }

  asked(): void {
    if (this.sent) allowMore(this.sent.connection, this.sent.call);
  }

  left(): void {
    this.subscription?.unsubscribe();
  }
}
