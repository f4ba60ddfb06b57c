import type { Connection, ServerOptions } from '../../lib/core.js';
import { createFaultEntry, type FaultLink } from '../../lib/testing/index.js';
import type { Direction } from '../../lib/testing/faults.js';
import { Exchange } from './exchange.js';
import { placesOf, wrongAt, type Cut, type ExchangeReport } from './exchange-report.js';
import { turns } from './soak-application.js';

const PORT = 1;
const MAX_TURNS = 5000;

/** The exchange over a link in memory, cut at every byte (or each n-th one) of each direction. */
export async function cutMemoryExchange(
  step = 1,
  extensions?: ServerOptions['extensions'],
): Promise<ExchangeReport> {
  const start = performance.now();
  const uncut = await runOnce(undefined, extensions);
  if (uncut.wrong !== undefined) throw new Error(`Wrong without any cut: ${uncut.wrong}`);
  const wrongs: string[] = [];
  const places = placesOf(uncut.bytes, step);
  for (const place of places) {
    const { wrong } = await runOnce(place, extensions);
    if (wrong !== undefined) wrongs.push(wrongAt('memory', place, wrong));
  }
  return {
    transport: 'memory',
    bytes: uncut.bytes,
    cuts: places.length,
    wrongs,
    ms: performance.now() - start,
  };
}

async function runOnce(
  cut: Cut | undefined,
  extensions: ServerOptions['extensions'],
): Promise<{ wrong: string | undefined; bytes: Record<Direction, number> }> {
  const exchange = new Exchange('memory');
  const links: FaultLink[] = [];
  const entry = createFaultEntry({
    onLink: (link) => {
      if (cut && links.length === 0) link.cutAfter(cut.offset, cut.direction);
      links.push(link);
    },
  });
  const server = entry.createServer({ applications: [exchange.applications.toServer], extensions });
  const entered: Connection[] = [];
  server.on('connect', (connection) => entered.push(connection));
  server.on('connectionError', () => undefined);
  server.listen(PORT);
  let isOver = false;
  const options = {
    application: exchange.applications.toClient,
    extensions,
    reconnector: (_connection: Connection, reconnectFn: () => void) => {
      if (!isOver) reconnectFn();
    },
  };
  const connect = (): Promise<Connection> => entry.connect('app', options, PORT);
  // A cut within the handshake is the end of this connect; the next one is not cut.
  const client = await connect().catch(connect);
  const remote = entered.find(({ session }) => session?.id === client.session?.id);
  const running = { isDone: false };
  if (remote) void exchange.run(client, remote).then(() => (running.isDone = true));
  for (let turn = 0; turn < MAX_TURNS && !running.isDone; turn++) await turns(1);
  const wrong = exchange.verdict() ?? (running.isDone ? undefined : 'it never ended');
  const [first] = links;
  const bytes = { toServer: first.arrivedBytes('toServer'), toClient: first.arrivedBytes('toClient') };
  isOver = true;
  client.close();
  server.closeConnections();
  server.close();
  await turns(20);
  return { wrong: wrong ?? missed(cut, links.length), bytes };
}

/** A place where nothing was cut proves nothing. */
function missed(cut: Cut | undefined, linkCount: number): string | undefined {
  return cut && linkCount < 2 ? 'the line was never cut' : undefined;
}
