import { connect, createServer } from 'node:net';
import { once } from 'node:events';

const LOOPBACK = '127.0.0.1';

/**
 * A port for a server that starts later, or twice, or never: until then who dials it is refused. Nobody else gets it
 * before `release`: the near end of a connection has it, and the system gives such a port only to a server that names it.
 * @returns {Promise<{ port: number, release: () => void }>}
 */
export async function reservePort() {
  const server = createServer();
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  const { port: target } = /** @type {import('node:net').AddressInfo} */ (server.address());
  // Bound to an address, or no server could have its port beside it.
  const holder = connect({ port: target, host: LOOPBACK, localAddress: LOOPBACK });
  const accepted = /** @type {import('node:net').Socket} */ ((await once(server, 'connection'))[0]);
  if (holder.connecting) await once(holder, 'connect');
  server.close();
  const ends = [holder, accepted];
  for (const end of ends) end.unref().on('error', () => undefined);
  const port = holder.localPort;
  if (port === undefined) throw new Error('The holder has no port');
  const release = () => {
    for (const end of ends) end.destroy();
  };
  // Elsewhere than on Linux a server cannot have it as long as the connection is there.
  if (process.platform !== 'linux') release();
  return { port, release };
}
