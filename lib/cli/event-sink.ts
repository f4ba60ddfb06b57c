import type { ApplicationLike } from '../application/application.js';
import type { MethodCallback } from '../application/method-callback.js';
import type { Connection } from '../connection/connection.js';
import { ERR_INTERFACE_NOT_FOUND } from '../protocol/error-codes.js';
import { RemoteError } from '../protocol/remote-error.js';

/** An event of the server. */
export interface ReceivedEvent {
  readonly interfaceName: string;
  readonly eventName: string;
  readonly args: readonly unknown[];
}

/** The application of a client that takes all events, one after the other, and has no methods. */
export class EventSink implements ApplicationLike<Connection> {
  readonly name = 'nestjs-jstp';
  readonly version = '1.0.0';
  private last: Promise<void> = Promise.resolve();

  /** @param take resolves when the next event may come: who prints slowly holds the server back */
  constructor(private readonly take: (event: ReceivedEvent) => Promise<void>) {}

  callMethod(
    _connection: Connection,
    _interface: string,
    _method: string,
    _args: unknown[],
    callback: MethodCallback,
  ): void {
    callback(new RemoteError(ERR_INTERFACE_NOT_FOUND));
  }

  getMethods(): undefined {
    return undefined;
  }

  hasEvent(): boolean {
    return true;
  }

  handleEvent(
    _connection: Connection,
    interfaceName: string,
    eventName: string,
    args: unknown[],
  ): Promise<void> {
    this.last = this.last.then(() => this.take({ interfaceName, eventName, args }));
    return this.last;
  }
}
