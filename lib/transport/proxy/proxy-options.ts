import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** How a listener knows its clients' addresses, which limits count by, and which `remoteAddress` tells. */
export interface AddressOptions {
  /**
   * The proxies whose word is taken for their clients' addresses: addresses, networks ('10.0.0.0/8'), 'loopback',
   * 'linklocal' and 'uniquelocal', as an array or with commas between. IPC sockets count as listed. @default none
   */
  readonly trustProxy?: string | readonly string[];
  /**
   * Tells a client's address; undefined: that of its socket. Of WebSockets it is called with the upgrade request.
   * Throwing, or a Promise, refuses the client. @default the address of the socket, or what a proxy tells
   */
  readonly clientAddress?: (socket: Socket, request?: IncomingMessage) => string | undefined;
}

/** Options of listeners over TCP and TLS. */
export interface SocketAddressSource extends AddressOptions {
  /**
   * Whether each connection begins with a header of the PROXY protocol, version 1 or 2. Without it, a connection is ended;
   * with `trustProxy`, so is one of another address. @default false
   */
  readonly proxyProtocol?: boolean;
}

/** The header in which proxies tell their clients' addresses. */
export type ForwardedHeader = 'x-forwarded-for' | 'forwarded';

/** Options of listeners over WebSocket. */
export interface WebSocketAddressSource extends AddressOptions {
  /** The header of the proxies of `trustProxy`: the others pass through, with what a client has written. @default 'x-forwarded-for' */
  readonly forwardedHeader?: ForwardedHeader;
}

const ADDRESS_NAMES = { trustProxy: true, clientAddress: true } satisfies Record<keyof AddressOptions, true>;

/** The names of the options about addresses, of listeners over TCP and TLS. */
export const SOCKET_ADDRESS_SOURCE_NAMES = Object.keys({
  ...ADDRESS_NAMES,
  proxyProtocol: true,
} satisfies Record<keyof SocketAddressSource, true>);

/** The names of the options about addresses, of listeners over WebSocket. */
export const WEB_SOCKET_ADDRESS_SOURCE_NAMES = Object.keys({
  ...ADDRESS_NAMES,
  forwardedHeader: true,
} satisfies Record<keyof WebSocketAddressSource, true>);
