import type { Socket } from 'node:net';
import { intern } from '../../util/intern.js';
import { acceptedSocket, peerAddress } from '../node-internals.js';

// Why weak, and not a field of a transport: most clients' addresses are those of their sockets.
const told = new WeakMap<Socket, string>();

/** Notes the address of the client behind a socket, as a proxy has told it. */
export function noteClientAddress(socket: Socket, address: string): void {
  told.set(acceptedSocket(socket), intern(address));
}

/** The address of the client behind a socket; undefined for an IPC socket, and for one that is closed. */
export function clientAddressOf(socket: Socket): string | undefined {
  return told.get(acceptedSocket(socket)) ?? peerAddress(socket);
}
