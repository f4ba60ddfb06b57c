/**
 * `npm run bench:rooms`: an event to a room of very many members, in processor time, and in the heap that it takes until it is
 * acknowledged. The members are sessions of one server in this process, over transports that encode texts as a socket
 * does, and answer pings. So what is measured is the server's part, journals and encoding with it, and neither network
 * nor clients. Beside it, the same event sent to each member by itself, which writes its text anew each time.
 *
 * `MEMBERS=10000 npm run bench:rooms` takes another number. With `--json` it prints what each round has taken, for `bench.js`.
 */
import { Application } from 'nestjs-jstp/core';
import { loadServer } from './built.js';
import { median } from './statistics.js';

/** @import { ListenerSink } from '../../lib/server/listener.js' */
/** @import { Transport, TransportReceiver } from '../../lib/connection/transport.js' */

const MEMBERS = Number(process.env['MEMBERS'] ?? 100_000);
const ROUNDS = Number(process.env['ROUNDS'] ?? 9);
const IS_JSON = process.argv.includes('--json');
const MICROSECONDS = 1000;
const HANDSHAKE = "{handshake:[0,'app','',{cancel:1,resume:1,stream:1}],anonymous:[]}";

/** What all transports have got: how many events, and the texts behind their numbers. */
const got = { events: 0, texts: new Set() };
let sampled = 0;
const scratch = Buffer.alloc(64 * 1024);

/** @implements {Transport} */
class Sink {
  /** @type {TransportReceiver | null} */
  receiver = null;
  decoder = null;
  remoteAddress = undefined;
  waiting = 0;

  /** @param {string} text */
  send(text) {
    // As the socket transport does, which collects what one tick sends.
    const outgoing = text + '\0';
    scratch.write(outgoing);
    if (outgoing.startsWith('{ping:')) {
      const pong = outgoing.slice(0, -1).replace('ping', 'pong');
      // Later, as a peer does.
      setImmediate(() => this.receiver?.receiveMessage(pong));
    } else if (outgoing.startsWith('{event:')) {
      got.events += 1;
      // Of a few members: comparing all would be measured.
      if (sampled++ % 1000 === 0) got.texts.add(outgoing.slice(outgoing.indexOf(',')));
    }
  }

  sendAttached() {
    throw new Error('No event of this benchmark has bytes');
  }

  end() {}
  destroy() {}
  pause() {}
  resume() {}
  getRawTransport() {
    return this;
  }
}

async function startServer() {
  const { Server } = await loadServer();
  /** @type {ListenerSink | undefined} */
  let sink;
  const server = new Server(
    {
      applications: [new Application('app', {})],
      limits: { maxSessions: Infinity, maxPendingHandshakes: Infinity, maxJournalBytesTotal: Infinity },
    },
    (given) => {
      sink = given;
      return {
        listen: () => undefined,
        close: () => undefined,
        address: () => null,
        ref: () => undefined,
        unref: () => undefined,
        listening: true,
        raw: undefined,
      };
    },
  );
  for (let count = 0; count < MEMBERS; count += 1) {
    const transport = new Sink();
    sink?.accept(transport);
    transport.receiver?.receiveMessage(HANDSHAKE);
  }
  const members = server.getClientsArray();
  if (members.length !== MEMBERS) throw new Error(`Only ${members.length} clients are connected`);
  return { server, members };
}

const heap = () => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

/**
 * Runs something, and waits until all of it is acknowledged.
 * @param {() => void} run
 * @returns {Promise<{ time: number, held: number }>} milliseconds of processor time, and bytes of heap until the end
 */
async function measure(run) {
  const heapBefore = heap();
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  const held = heap() - heapBefore;
  await Promise.all(members.map((member) => new Promise((resolve) => member.ping(resolve))));
  return { time: (user + system) / MICROSECONDS, held };
}

const { server, members } = await startServer();
const before = heap();
for (const member of members) server.rooms.join(member, 'hall');
const joined = heap() - before;
if (!IS_JSON)
  console.log(`${MEMBERS} members: ${(joined / MEMBERS).toFixed(0)} bytes of heap each for the membership`);

/** @type {import('./groups/rooms.js').RoomRound[]} */
const rounds = [];

let written = 0;
/** @type {(bytes: number) => object} */
function argumentOf(bytes) {
  const data = { id: 4711, who: 'ann', at: 1_700_000_000_000, text: 'x'.repeat(bytes) };
  const toJSON = () => {
    written += 1;
    return data;
  };
  return { toJSON };
}

for (const bytes of [100, 2000]) {
  const value = argumentOf(bytes);
  const ways = [
    {
      name: 'server.to(room).emit',
      contender: 'room',
      run: () => server.to('hall').emit('chat', 'said', value),
    },
    {
      name: 'to each by itself',
      contender: 'each',
      run: () => {
        for (const member of members) member.emitRemoteEvent('chat', 'said', [value]);
      },
    },
  ].map((way) => ({
    ...way,
    times: /** @type {number[]} */ ([]),
    held: /** @type {number[]} */ ([]),
    written: 0,
    texts: 0,
  }));
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const way of ways) {
      got.events = 0;
      got.texts.clear();
      written = 0;
      const { time, held } = await measure(way.run);
      if (got.events !== MEMBERS) throw new Error(`${got.events} events have come`);
      if (round > 0) {
        way.times.push(time);
        way.held.push(held);
        const values = { cpuUs: (time * MICROSECONDS) / MEMBERS, heldBytes: held / MEMBERS };
        rounds.push({ bytes, contender: way.contender, round: round - 1, values });
      }
      way.written = written;
      way.texts = got.texts.size;
    }
  }
  for (const way of IS_JSON ? [] : ways) {
    const time = median(way.times);
    console.log(
      `${String(bytes).padStart(5)} characters, ${way.name.padEnd(20)} ${time.toFixed(0).padStart(5)} ms, ` +
        `${((time * MICROSECONDS) / MEMBERS).toFixed(2)} µs and ${(median(way.held) / MEMBERS).toFixed(0)} bytes a member, arguments written ${way.written} times, ` +
        `different texts behind the numbers: ${way.texts}`,
    );
  }
}
if (IS_JSON) process.stdout.write(JSON.stringify(rounds));
// Heartbeats and journals would keep the process.
process.exit(0);
