import type { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  Application,
  net,
  ws,
  type ApplicationLike,
  type Connection,
  type IncomingCall,
  type Server,
  type ServerOptions,
} from '../../lib/core.js';
import { ALL_EXTENSIONS } from '../../lib/connection/extensions.js';
import type { SeededRandom } from '../../lib/testing/seeded-random.js';
import { messageText, requestText } from './grammar.js';
import { mutatePieces } from './mutate.js';
import { Peer } from './peer.js';
import { Pipe } from './pipe.js';
import { Finding, type Input, type Target } from './target.js';
import { SECRET, until, Watch } from './watch.js';
import type { Framing } from './framing.js';

/** What is agreed to: all that a peer can abuse. */
const LIMITS: ServerOptions['limits'] = {
  maxMessageBytes: 65_536,
  maxCallsInFlight: 4,
  maxCancelBurst: 5,
  maxStreams: 3,
  streamCredit: 4,
  maxStreamBufferItems: 20,
  journalMaxEntries: 50,
  journalMaxBytes: 65_536,
  maxSessions: 20,
  // The other places are for anonymous clients, who take no place of a user.
  maxSessionsPerUser: 10,
  maxConnectionsPerAddress: Infinity,
  maxHandshakesPerSecond: Infinity,
  maxFailedLoginsPerAddress: Infinity,
  maxFailedLoginsPerName: Infinity,
};
/** A fresh server after so many conversations. */
const CONVERSATIONS_A_SERVER = 500;
const ITEMS = 10;

/** A server, and clients that say anything to it. */
export class ServerTarget implements Target {
  private server: Server | undefined;
  private witness: Peer | undefined;
  private readonly watch = new Watch();
  private conversations = 0;
  private asked = 0;
  /** Answers the calls that wait. */
  private waiting: (() => void)[] = [];

  /** @param transport how its clients come: 'net' or 'ws' */
  constructor(
    readonly name: string,
    private readonly transport: 'net' | 'ws',
    private readonly framing: Framing,
  ) {}

  generate(random: SeededRandom): Input {
    const texts = Array.from({ length: random.between(0, 12) }, () => messageText(random));
    if (random.happens(0.95)) texts.unshift(requestText(random));
    const pieces = texts.map((text) => this.framing.wrap(text, random));
    return pieces.length === 0 ? [''] : pieces;
  }

  mutate(input: Input, random: SeededRandom, other: Input): Input {
    return mutatePieces(input, random, other, (...args) => this.framing.mutate(...args));
  }

  count(input: Input): number {
    return input.length;
  }

  async run(input: Input): Promise<string> {
    if (++this.conversations % CONVERSATIONS_A_SERVER === 0) await this.closeServer();
    const server = (this.server ??= this.createServer());
    const peer = this.dial(server);
    try {
      const outcome = await this.converse(peer, input);
      await this.ask(server);
      this.watch.check();
      return outcome;
    } catch (error) {
      peer.pipe.destroy();
      await this.closeServer();
      throw error;
    }
  }

  private async converse(peer: Peer, input: Input): Promise<string> {
    const { framing } = this;
    peer.say(framing.request);
    // Half of the conversations come at once, half piece by piece.
    const isSlow = input.join('').length % 2 === 0;
    for (const piece of input) {
      peer.say(piece);
      if (isSlow) await nextTurn();
    }
    return peer.conclude(() => this.release());
  }

  async rest(): Promise<void> {
    await this.closeServer();
    await this.watch.checkHeap();
  }

  async close(): Promise<void> {
    await this.closeServer();
    this.watch.stop();
  }

  private async closeServer(): Promise<void> {
    const { server, witness } = this;
    this.server = undefined;
    this.witness = undefined;
    this.release();
    witness?.pipe.destroy();
    server?.closeConnections();
    await until(() => server?.getClientsArray().length === 0);
  }

  /** An honest client is served all the time. */
  private async ask(server: Server): Promise<void> {
    const { framing } = this;
    if (!this.witness) {
      this.witness = this.dial(server);
      this.witness.say(framing.request);
      this.witness.say(framing.wrap("{handshake:[0,'app']}"));
    }
    const { witness } = this;
    const id = ++this.asked;
    witness.say(framing.wrap(`{call:[${id},'echo'],back:[${id}]}`));
    const answer = `{callback:[${id}],ok:[${id}]}`;
    if (!(await until(() => witness.heard.includes(answer))))
      throw new Finding('another client is not served');
    witness.heard = '';
    const clients = server.getClientsArray().length;
    if (clients > 1) throw new Finding(`${clients} clients are left of 1`);
  }

  private dial(server: Server): Peer {
    const [near, far] = Pipe.createPair();
    (server.getRawServer() as EventEmitter).emit('connection', near);
    return new Peer(far, this.framing);
  }

  private release(): void {
    for (const answer of this.waiting.splice(0)) answer();
  }

  private createServer(): Server {
    this.asked = 0;
    const entry = this.transport === 'net' ? net : ws;
    const server = entry.createServer({
      applications: [this.application(), FEED],
      extensions: ALL_EXTENSIONS,
      limits: LIMITS,
      authPolicy: (_connection, _application, _strategy, credentials) => isAnn(credentials) && 'ann',
    });
    server.on('connectionError', this.watch.note);
    server.on('connect', (connection) => {
      connection.callMethod('side', 'ask', [1], () => undefined);
      connection.emitRemoteEvent('room', 'said', ['hi']);
    });
    // What is logged is read and masked, too.
    if (this.conversations % (2 * CONVERSATIONS_A_SERVER) < CONVERSATIONS_A_SERVER)
      server.on('log', () => undefined);
    return server;
  }

  private application(): Application<Connection> {
    const fail = (): never => {
      throw new Error(SECRET);
    };
    return new Application<Connection>('app', {
      mark: {
        run: (_connection: Connection, _label: unknown, callback: (error: null) => void) => callback(null),
        fail,
        failAsync: async () => fail(),
      },
      slow: {
        wait: (_connection: Connection, callback: (error: null) => void) => {
          this.waiting.push(() => callback(null));
        },
      },
      echo: {
        back: (_connection: Connection, value: unknown, callback: (error: null, value: unknown) => void) =>
          callback(null, value),
      },
    });
  }
}

/** Answers each call by a stream. */
const FEED: ApplicationLike<Connection> = {
  name: 'feed',
  version: '1.0.0',
  callMethod: () => undefined,
  getMethods: () => ['all'],
  handleCall: (call) => void stream(call),
};

function isAnn(credentials: unknown): boolean {
  return Array.isArray(credentials) && credentials[0] === 'ann' && credentials[1] === 'secret';
}

async function stream(call: IncomingCall<Connection>): Promise<void> {
  const items = call.openStream();
  for (let n = 0; n < ITEMS; n++) if (!items.write(n) && !(await items.ready())) return;
  items.end();
}
