import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Closing } from './closing.js';

export const LOOPBACK = '127.0.0.1';

/**
 * A port for a server that starts later, or twice, or never: until then who dials it is refused. Nobody else gets it
 * meanwhile: the near end of a connection has it, and the system gives such a port only to a server that names it.
 */
export async function reservedPort(closing: Pick<Closing, 'add'>): Promise<number> {
  const server = createServer();
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  // Bound to an address, or no server could have its port beside it.
  const holder = connect({ port, host: LOOPBACK, localAddress: LOOPBACK });
  const [accepted] = (await once(server, 'connection')) as [Socket];
  if (holder.connecting) await once(holder, 'connect');
  server.close();
  for (const end of [holder, accepted]) {
    end.unref();
    end.on('error', () => undefined);
    closing.add(() => end.destroy());
  }
  const { localPort } = holder;
  if (localPort === undefined) throw new Error('The holder has no port');
  // Elsewhere than on Linux a server cannot have it as long as the connection is there.
  if (process.platform !== 'linux') holder.destroy();
  return localPort;
}
