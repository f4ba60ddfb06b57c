import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel';
import { observe } from '../connection/observing/observe.js';
import type { Follower } from '../connection/observing/observers.js';
import type { Operation, OperationKind } from '../connection/observing/operations.js';

type Channel = TracingChannel<unknown, Operation>;

// Why held here: Node forgets a channel that nothing refers to.
const channels: Readonly<Record<OperationKind, Channel>> = {
  call: tracingChannel('jstp.call'),
  serve: tracingChannel('jstp.serve'),
  emit: tracingChannel('jstp.emit'),
  handle: tracingChannel('jstp.handle'),
  connect: tracingChannel('jstp.connect'),
  handshake: tracingChannel('jstp.handshake'),
  resume: tracingChannel('jstp.resume'),
};

/** Publishes what this process does to the tracing channels of Node's `diagnostics_channel`, where somebody subscribes. */
export function publishDiagnostics(): void {
  observe(publisher);
}

const publisher = {
  interestIn: (kind: OperationKind) => channels[kind],
  begin: (operation: Operation) => new Publication(channels[operation.kind], operation),
};

/** Publishes one operation, in the order that Node's `tracePromise` has. */
class Publication implements Follower {
  private hasReturned = false;
  private isOver = false;

  constructor(
    private readonly channel: Channel,
    private readonly operation: Operation,
  ) {}

  run<T>(run: () => T): T {
    // In the stores that are bound to the channel.
    return this.channel.start.runStores(this.operation, () => {
      try {
        return run();
      } finally {
        this.returned();
      }
    });
  }

  end(): void {
    this.isOver = true;
    // What ends before it has returned is published behind that.
    if (this.hasReturned) this.publishEnd();
  }

  private returned(): void {
    this.hasReturned = true;
    this.channel.end.publish(this.operation);
    if (this.isOver) this.publishEnd();
  }

  private publishEnd(): void {
    const { channel, operation } = this;
    if (operation.code !== 0) channel.error.publish(operation);
    channel.asyncStart.publish(operation);
    channel.asyncEnd.publish(operation);
  }
}
