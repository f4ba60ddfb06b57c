import type { Socket } from 'node:net';
import type { PendingPeer } from '../server/handshake/pending-peers.js';
import type { ListenerSink } from '../server/listener.js';

/** A socket of TLS, and the one it was made of. */
type WrappingSocket = Socket & { readonly _parent?: Socket | null };

/**
 * The sockets of a server that are being secured or upgraded, so that a handshake's time counts from the
 * moment they were accepted.
 */
export class AcceptedSockets {
  private readonly arrivals = new Map<Socket, PendingPeer>();

  constructor(private readonly sink: ListenerSink) {}

  /** A socket was accepted. */
  add(socket: Socket): void {
    const arrival = this.sink.addPending(() => socket.destroy());
    this.arrivals.set(socket, arrival);
    socket.once('close', () => {
      if (this.arrivals.delete(socket)) this.sink.removePending(arrival);
    });
  }

  /** A socket of which nothing was known is being decided on: its time counts from now. */
  hold(socket: Socket): void {
    this.add(acceptedAs(socket));
  }

  /** It is ready; undefined where its time does not count yet. */
  take(socket: Socket): PendingPeer | undefined {
    const accepted = acceptedAs(socket);
    const arrival = this.arrivals.get(accepted);
    this.arrivals.delete(accepted);
    return arrival;
  }
}

/** After TLS, Node gives another socket object; addresses would not do, as peers of an IPC socket have none. */
function acceptedAs(socket: WrappingSocket): Socket {
  return socket._parent ?? socket;
}
