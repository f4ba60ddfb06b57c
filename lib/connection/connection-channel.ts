import type { Metadata } from '../protocol/message.js';
import type { RemoteError } from '../protocol/remote-error.js';
import type { Callback } from '../util/callback.js';
import type { OutgoingCall } from './calls/outgoing-calls.js';
import type { RemoteProxy } from './calls/remote-proxy.js';

/** What a connection sends. */
export interface ConnectionChannel {
  /** Sends a call; what keeps it from being sent is its answer. */
  sendCall(
    call: OutgoingCall,
    interfaceName: string,
    methodName: string,
    args: unknown[],
    metadata?: Metadata,
  ): void;
  /** Tells the peer that nobody waits for a call any more; its callback is not called. Idempotent. */
  cancelCall(call: OutgoingCall, reason?: RemoteError): void;
  /** Sends an event; answers with what keeps it from being sent, undefined if nothing does. */
  sendEvent(interfaceName: string, eventName: string, args: unknown[], metadata?: Metadata): unknown;
  /** Asks for a sign of life. */
  ping(callback: Callback<[]>): void;
  /** The peer's interfaces that were inspected, by name. */
  readonly remoteProxies: Record<string, RemoteProxy>;
  readonly outbox: {
    /** Tells the callee of a stream to go on, when half of what it may send was read. */
    allowMore(call: OutgoingCall): void;
  };
  /** Asks for the methods of an interface, and makes a proxy that has them. */
  inspectInterface(interfaceName: string, callback: Callback<[proxy?: RemoteProxy]>): void;
  /** Serves nothing more until the caller who awaits what has just come has gone on, and can listen for what follows. */
  holdForCaller(): void;
}
