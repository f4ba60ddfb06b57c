/*
 * The good client: calls over all three transports at a steady rate, whether answers have come or not, and new logins.
 */
import { net, SimpleConnectPolicy, tls, ws, type ClientOptions, type Connection } from '../../lib/core.js';
import { ca } from '../support/certificates.js';
import {
  endWithParent,
  HOST,
  say,
  TRANSPORTS,
  type Target,
  type ToClient,
  type TransportName,
} from './conversation.js';

/** Calls a second of each transport. */
const CALLS_A_SECOND = 100;
const TICK_MS = 10;
/** New logins a second, over the transports in turn. */
const LOGINS_A_SECOND = 2;
const PAYLOAD = { user: 'ann', rows: [1, 2, 3], note: 'x'.repeat(200) };

let seen: { calls: number[]; logins: number[]; errors: string[] } = emptyReport();
let isLoggingIn = false;
let turn = 0;

function emptyReport(): { calls: number[]; logins: number[]; errors: string[] } {
  return { calls: [], logins: [], errors: [] };
}

function connect(transport: TransportName, target: Target): Promise<Connection> {
  const client: ClientOptions = {
    connectPolicy: new SimpleConnectPolicy('good', 'correct horse'),
    reconnector: () => undefined,
  };
  if (transport === 'net') return net.connect('app', client, target.net, HOST);
  if (transport === 'tls') return tls.connect('app', client, { port: target.tls, host: HOST, ca });
  return ws.connect('app', client, `ws://${HOST}:${String(target.ws)}`);
}

async function call(connection: Connection, times: number[]): Promise<void> {
  const start = performance.now();
  await connection.callMethod('db', 'work', [PAYLOAD]);
  times.push(performance.now() - start);
}

function failed(what: string) {
  return (error: unknown): void => {
    seen.errors.push(`${what}: ${String(error)}`);
  };
}

/** Logs in, calls, and leaves. */
async function visit(transport: TransportName, target: Target): Promise<void> {
  const start = performance.now();
  const connection = await connect(transport, target);
  await connection.callMethod('db', 'work', [PAYLOAD]);
  seen.logins.push(performance.now() - start);
  connection.close();
}

async function begin(target: Target): Promise<void> {
  for (const transport of TRANSPORTS) {
    const connection = await connect(transport, target);
    connection.on('close', () => failed(transport)('the connection is lost'));
    setInterval(() => {
      for (let count = (CALLS_A_SECOND * TICK_MS) / 1000; count > 0; count -= 1)
        call(connection, seen.calls).catch(failed(transport));
    }, TICK_MS);
  }
  setInterval(() => {
    // Why one at a time: a login that takes long is one late login, and no flood.
    if (isLoggingIn) return;
    isLoggingIn = true;
    const transport = TRANSPORTS[(turn += 1) % TRANSPORTS.length];
    visit(transport, target)
      .catch(failed(`login over ${transport}`))
      .finally(() => (isLoggingIn = false));
  }, 1000 / LOGINS_A_SECOND);
}

endWithParent();
process.on('message', (message: ToClient) => {
  if (message.kind === 'begin') {
    begin(message.target).then(() => say({ kind: 'ready' }), failed('connect'));
  } else {
    say({ kind: 'report', ...seen });
    seen = emptyReport();
  }
});
