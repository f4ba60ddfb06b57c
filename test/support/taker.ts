import { Application, type Connection, type IncomingCall } from '../../lib/core.js';

/** An application that takes its calls whole, and leaves them to the test. */
export class Taker extends Application<Connection> {
  /** @param calls where they are put */
  constructor(private readonly calls: IncomingCall<Connection>[]) {
    super('app', {});
  }

  handleCall(call: IncomingCall<Connection>): void {
    this.calls.push(call);
  }
}
