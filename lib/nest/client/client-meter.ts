import { byteCountsOf, pendingCalls } from '../../connection/client-control.js';
import type { Connection } from '../../connection/connection.js';
import { CallCounter } from '../../connection/metrics/call-metrics.js';
import { TrafficMeter, type ByteCounts } from '../../connection/metrics/traffic-meter.js';
import { now } from '../../util/host.js';
import type { JstpClientEventArguments } from './client-events.js';
import type { ClientMetrics } from './client-metrics.js';

/** What is counted of the client's events. */
type Noted = {
  readonly [Name in keyof JstpClientEventArguments]: (...args: JstpClientEventArguments[Name]) => void;
};

/** Counts what happens at a client. */
export class ClientMeter {
  readonly calls: CallCounter;
  private readonly startedAt = now();
  private readonly traffic = new TrafficMeter();
  /** The socket of the present connection, or of the last one: its counts stay. */
  private socket: ByteCounts | undefined;
  private opened = 0;
  private resumed = 0;
  private ended = 0;
  private attempts = 0;
  private sessionsLost = 0;
  private sessionsTaken = 0;
  private errors = 0;
  private readonly noted: Noted = {
    connect: (connection) => {
      this.opened += 1;
      this.useSocket(byteCountsOf(connection));
    },
    close: () => (this.ended += 1),
    reconnecting: () => (this.attempts += 1),
    reconnect: (isResumed) => {
      if (isResumed) this.resumed += 1;
    },
    sessionLost: () => (this.sessionsLost += 1),
    sessionTaken: () => (this.sessionsTaken += 1),
    error: () => (this.errors += 1),
  };

  /** @param application the name of the application that the client calls */
  constructor(application: string) {
    this.calls = new CallCounter(application);
  }

  /** Counts one of the client's events. */
  note<Name extends keyof JstpClientEventArguments>(name: Name, args: JstpClientEventArguments[Name]): void {
    (this.noted[name] as (...args: JstpClientEventArguments[Name]) => void)(...args);
  }

  /** @param connection the one that has the session, if there is one */
  read(connection: Connection | undefined, isConnected: boolean): ClientMetrics {
    const { size: messages = 0, bytes = 0 } = connection?.session?.journal ?? {};
    return {
      ageMs: now() - this.startedAt,
      ...this.calls.read(),
      connection: {
        isConnected,
        opened: this.opened,
        resumed: this.resumed,
        ended: this.ended,
        attempts: this.attempts,
        sessionsLost: this.sessionsLost,
        sessionsTaken: this.sessionsTaken,
        errors: this.errors,
      },
      bytes: this.traffic.read(),
      pendingCalls: connection ? pendingCalls(connection) : 0,
      journal: { messages, bytes },
    };
  }

  private useSocket(socket: ByteCounts | undefined): void {
    if (this.socket) this.traffic.closed(this.socket);
    this.socket = socket;
    if (socket) this.traffic.opened(socket);
  }
}
