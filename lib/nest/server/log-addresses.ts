import type { Server as HttpServer } from 'node:http';

/** A place where a server listens, as its log shows it. */
export interface ListeningPlace {
  /** The name of the transport; '' for a user's entry object. */
  readonly transport: string;
  /** The path of the URL for WebSockets; '' for other transports. */
  readonly path: string;
  /** The user's HTTP server that is shared; undefined where the listener has a server of its own. */
  readonly shared: HttpServer | undefined;
}

/**
 * Logs each address on which a server listens. That of a shared HTTP server is logged as soon as that server listens.
 * @param address what the server's `address()` returns: an array for several places
 * @param log called with one text for each address
 * @returns a function that stops waiting for shared HTTP servers
 */
export function logAddresses(
  places: readonly ListeningPlace[],
  address: unknown,
  log: (text: string) => void,
): () => void {
  const addresses = Array.isArray(address) ? (address as unknown[]) : [address];
  const stops = places.map(({ transport, path, shared }, index) => {
    const tell = (known: unknown): void => {
      log(`Listening on ${transport}${transport && ' '}${shownAddress(known)}${path}`);
    };
    if (addresses[index] !== null || !shared) {
      tell(addresses[index]);
      return undefined;
    }
    const listening = (): void => {
      tell(shared.address());
    };
    shared.once('listening', listening);
    return () => shared.off('listening', listening);
  });
  return () => {
    for (const stop of stops) stop?.();
  };
}

/** Returns an address as `127.0.0.1:3000`, `[::1]:3000`, or the path of an IPC socket. */
function shownAddress(given: unknown): string {
  if (typeof given !== 'object' || given === null) return String(given);
  const { address, port } = given as { address?: string; port?: number };
  return `${address?.includes(':') ? `[${address}]` : String(address)}:${String(port)}`;
}
