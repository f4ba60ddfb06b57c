import { WebSocket } from 'ws';
import { Application, ws, type Connection, type JstpStream } from '../../lib/core.js';
import type { Closing } from '../support/closing.js';
import type { Back } from '../support/core.js';
import { LOOPBACK, reservedPort } from '../support/ports.js';
import { within } from '../support/wait-for.js';

/** The server that `program.ts` talks to. */
export interface ProgramServer {
  readonly url: string;
  /** Where nobody listens. */
  readonly deadUrl: string;
}

/** Starts it on a free port; `closing` ends it. */
export async function startProgramServer(closing: Closing): Promise<ProgramServer> {
  let echoed = 0;
  const api = {
    echo: {
      back: (connection: Connection, value: unknown, callback: Back) => {
        // Of the calls that were made while the line was down.
        if (typeof value === 'string' && /^(one|two|three)$/.test(value)) {
          echoed++;
          connection.emitRemoteEvent('news', 'said', [`while you were away ${echoed}`]);
        }
        callback(null, value);
      },
      sum: async (_connection: Connection, numbers: JstpStream<number>) => {
        let sum = 0;
        for await (const number of numbers) sum += number;
        return sum;
      },
      count: (_connection: Connection, callback: Back) => callback(null, echoed),
      askSize: (connection: Connection, callback: Back) => {
        void connection.callMethod('screen', 'size', []).then((size) => callback(null, size), callback);
      },
      sendBinary: (connection: Connection, text: string, _callback: Back) => {
        const id = connection.session?.receivedCount ?? 0;
        const raw = connection.getTransport();
        if (raw instanceof WebSocket)
          raw.send(Buffer.from(`{callback:[${id}],ok:['${text}']}`), { binary: true });
      },
    },
  };
  const cut = (connection: Connection): void => {
    const raw = connection.getTransport();
    if (raw instanceof WebSocket) raw.terminate();
  };
  const server = ws.createServer({
    applications: [new Application<Connection>('app@1.2.0', api, { echo: { cut } })],
    authPolicy: (_connection, _application, _strategy, credentials, callback) => {
      const [login, password] = credentials as string[];
      if (password === 'wonderland') callback(null, login);
      else callback(new Error('no'));
    },
    path: '/',
  });
  closing.add(async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeConnections();
    await within(closed, 'the end of a server');
  });
  await within(new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve)), 'a server that listens');
  const { port } = server.address() as { port: number };
  return { url: `ws://${LOOPBACK}:${port}`, deadUrl: `ws://${LOOPBACK}:${await reservedPort(closing)}` };
}
