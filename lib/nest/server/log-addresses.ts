import type { Server as HttpServer } from 'node:http';

/** One of the places where a server listens, as far as its log is concerned. */
export interface ListeningPlace {
  /** The transport's name; empty for an entry object of the user's. */
  readonly transport: string;
  /** The path of the URL, of WebSockets. */
  readonly path: string;
  /** The server of HTTP that belongs to somebody else. */
  readonly shared: HttpServer | undefined;
}

/**
 * Logs each address that a server listens on. A server of HTTP that is somebody else's may listen later: it is logged
 * then.
 * @param address what the server's `address()` tells: of several places an array
 * @param log takes one line for each address
 * @returns waits for no server of HTTP any more
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

/** `127.0.0.1:3000`, `[::1]:3000`, or the path of an IPC socket. */
function shownAddress(given: unknown): string {
  if (typeof given !== 'object' || given === null) return String(given);
  const { address, port } = given as { address?: string; port?: number };
  return `${address?.includes(':') ? `[${address}]` : String(address)}:${String(port)}`;
}
