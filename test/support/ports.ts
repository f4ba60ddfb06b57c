import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Closing } from './closing.js';

export const LOOPBACK = '127.0.0.1';

/**
 * A port that refuses who dials it, until the test has ended: the near end of a connection has it, so that nobody else
 * gets it meanwhile.
 */
export async function refusingPort(closing: Closing): Promise<number> {
  const server = createServer();
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  const holder: Socket = connect((server.address() as AddressInfo).port, LOOPBACK);
  const [accepted] = (await once(server, 'connection')) as [Socket];
  if (holder.connecting) await once(holder, 'connect');
  closing.add(() => {
    holder.destroy();
    accepted.destroy();
    server.close();
  });
  const { localPort } = holder;
  if (localPort === undefined) throw new Error('The holder has no port');
  return localPort;
}
