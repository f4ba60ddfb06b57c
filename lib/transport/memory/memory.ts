import type { ListenerFactory } from '../../server/listener.js';
import { createEntry, type TransportEntry } from '../entry.js';
import { memoryDialer, MemoryListener, type MemoryNetwork } from './memory-network.js';
import { MemoryTransport } from './memory-transport.js';

/**
 * Makes an entry object like `net`, over a network of its own within this process. No other process reaches that
 * network, and two of them do not see each other. Addresses are ports or paths, as with `net`; port 0 is any free port.
 */
export function createMemoryEntry(): TransportEntry {
  const network: MemoryNetwork = new Map();
  const dialer = memoryDialer(network, (listener, clientLimits) => {
    const [near, far] = MemoryTransport.createPair(clientLimits, listener.limits);
    listener.accept(far, (callback) => {
      far.onClosed = callback;
    });
    return near;
  });
  return createEntry('memory', new Map([['memory', dialer]]), (_options, limits): ListenerFactory => {
    return (sink) => new MemoryListener(network, limits, sink);
  });
}
