import type { ListeningPlace } from '../nest/server/log-addresses.js';

/** Where a server listens. */
export interface Listening {
  readonly places: readonly ListeningPlace[];
  /** What the server's `address()` returns: an array for several places. */
  readonly address: unknown;
}

/** What a request for the page tells of how the browser reaches this server. */
export interface PageRequest {
  /** The path of the page as the server sees it, with a slash at its end. */
  readonly path: string;
  /** The header `host`. */
  readonly host: string | undefined;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/** Whether a place takes WebSockets. */
export function isWebSocketPlace({ transport }: ListeningPlace): boolean {
  return transport === 'ws' || transport === 'wss';
}

/**
 * Returns the URL of the WebSocket listener for a page: relative to the page where the listener shares the HTTP server, so
 * that a proxy may serve both at any path; else whole. null: there is no such listener.
 */
export function listenerUrl({ places, address }: Listening, request: PageRequest): string | null {
  const ofWebSockets = places
    .map((place, index) => ({
      place,
      address: Array.isArray(address) ? (address[index] as unknown) : address,
    }))
    .filter(({ place }) => isWebSocketPlace(place));
  const shared = ofWebSockets.find(({ place }) => place.shared);
  if (shared) return relativeTo(request.path, shared.place.path);
  for (const { place, address: own } of ofWebSockets) {
    const host = hostFor(own, request.host);
    if (host !== undefined) return `${place.transport}://${host}${place.path}`;
  }
  return null;
}

/** Whether the listener at a URL belongs to the origin of the page. */
export function isRelative(url: string): boolean {
  return !/^wss?:/i.test(url);
}

function relativeTo(pagePath: string, path: string): string {
  const depth = pagePath.split('/').length - 2;
  const up = '../'.repeat(depth);
  return `${up}${path.slice(1)}` || './';
}

/** Returns host and port by which the browser reaches a listener; undefined where it does not listen. */
function hostFor(own: unknown, requested: string | undefined): string | undefined {
  if (typeof own !== 'object' || own === null) return undefined;
  const { address, port } = own as { address?: string; port?: number };
  if (address === undefined || port === undefined) return undefined;
  const literal = address.includes(':') ? `[${address}]` : address;
  const name = hostNameOf(requested);
  const isOpen = address === '::' || address === '0.0.0.0';
  // A listener at one address is reached there, but not from other machines where that is the machine's own.
  const isUnreachable = LOOPBACK.test(literal) && !LOOPBACK.test(name);
  return `${isOpen || isUnreachable ? name : literal}:${port}`;
}

/** Returns the name in a header `host`. Why checked: it becomes a part of a header and of the page. */
function hostNameOf(host: string | undefined): string {
  return /^(\[[\da-f:.]+\]|[a-z\d.-]+)(:\d{1,5})?$/i.exec(host ?? '')?.[1] ?? 'localhost';
}
