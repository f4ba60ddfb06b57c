import type { Socket } from 'node:net';

/** Where Node keeps what it has found out about a peer. */
type RememberingSocket = Socket & { _peername?: unknown };

let lastAddress: string | undefined;

/**
 * The address of a socket's peer, as its connection keeps it. Behind a proxy all have the same, and one text does for
 * many; the object in which Node would keep it once more is let go, which it makes again if somebody asks.
 */
export function addressOf(socket: RememberingSocket): string | undefined {
  const address = socket.remoteAddress;
  socket._peername &&= undefined;
  if (address !== lastAddress) lastAddress = address;
  return lastAddress;
}
