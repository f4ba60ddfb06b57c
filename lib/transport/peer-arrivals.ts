import type { Socket } from 'node:net';
import type { Arrival } from '../server/arrivals.js';
import type { ListenerSink } from '../server/listener.js';

/**
 * The sockets of a server that are being secured or upgraded, so that a handshake's time counts from the
 * moment they were accepted. Known by the peer's address: Node gives another socket object after TLS.
 */
export class PeerArrivals {
  private readonly arrivals = new Map<string, Arrival>();

  constructor(private readonly sink: ListenerSink) {}

  /** A socket was accepted. */
  add(socket: Socket): void {
    const peer = peerOf(socket);
    const arrival = this.sink.arrive(() => socket.destroy());
    this.arrivals.set(peer, arrival);
    socket.once('close', () => {
      if (this.arrivals.get(peer) !== arrival) return;
      this.arrivals.delete(peer);
      this.sink.gone(arrival);
    });
  }

  /** It is ready. */
  take(socket: Socket): Arrival | undefined {
    const peer = peerOf(socket);
    const arrival = this.arrivals.get(peer);
    this.arrivals.delete(peer);
    return arrival;
  }
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${socket.remotePort ?? ''}`;
}
