import { setImmediate as nextTurn } from 'node:timers/promises';
import { Application, ws, type ClientOptions, type Connection } from '../../lib/core.js';
import { ALL_EXTENSIONS } from '../../lib/connection/extensions.js';
import { createConnectFunctions } from '../../lib/connection/connect.js';
import type { SeededRandom } from '../../lib/testing/seeded-random.js';
import { socketDialer } from '../../lib/transport/socket/socket-dialer.js';
import type { Framing } from './framing.js';
import { answerText, messageText } from './grammar.js';
import { mutatePieces } from './mutate.js';
import { Peer } from './peer.js';
import { Pipe } from './pipe.js';
import { Finding, type Input, type Target } from './target.js';
import { SECRET, until, Watch } from './watch.js';

const LIMITS: ClientOptions['limits'] = {
  maxMessageBytes: 65_536,
  maxCallsInFlight: 4,
  maxCancelBurst: 5,
  maxPendingCalls: 10,
  streamCredit: 4,
  journalMaxEntries: 50,
  journalMaxBytes: 65_536,
};
/** How often a client is let dial within a conversation. */
const MAX_DIALS = 3;

/** What a client waits for. */
interface Asked {
  readonly what: string;
  isSettled: boolean;
}

/** A client, and servers that say anything to it. */
export class ClientTarget implements Target {
  private readonly watch = new Watch();
  /** Answers the calls that wait. */
  private waiting: (() => void)[] = [];

  /** @param transport how the client dials: 'net' or 'ws' */
  constructor(
    readonly name: string,
    private readonly transport: 'net' | 'ws',
    private readonly framing: Framing,
  ) {}

  generate(random: SeededRandom): Input {
    const texts = Array.from({ length: random.between(0, 12) }, () => messageText(random));
    texts.unshift(random.happens(0.9) ? answerText(random) : messageText(random));
    return texts.map((text) => this.framing.wrap(text, random));
  }

  mutate(input: Input, random: SeededRandom, other: Input): Input {
    return mutatePieces(input, random, other, (...args) => this.framing.mutate(...args));
  }

  count(input: Input): number {
    return input.length;
  }

  async run(input: Input): Promise<string> {
    const peers: Peer[] = [];
    const asked: Asked[] = [];
    const connecting = this.connect(peers, asked);
    try {
      await until(() => peers.length > 0);
      const outcomes = [await this.converse(peers[0], input, connecting, asked)];
      // The client may have dialled again: it is told the same, all at once.
      for (let dial = 1; dial < MAX_DIALS && (await until(() => peers.length > dial, 2)); dial++) {
        outcomes.push(await this.converse(peers[dial], input, connecting, asked));
      }
      (await connecting.outcome)?.close();
      const left = (): Asked | undefined => asked.find(({ isSettled }) => !isSettled);
      if (!(await until(() => left() === undefined)))
        throw new Finding(`never heard of the ${String(left()?.what)}`);
      this.watch.check();
      return outcomes.join('; ');
    } finally {
      for (const { pipe } of peers) pipe.destroy();
    }
  }

  async rest(): Promise<void> {
    await this.watch.checkHeap();
  }

  async close(): Promise<void> {
    this.watch.stop();
  }

  private async converse(peer: Peer, input: Input, connecting: Connecting, asked: Asked[]): Promise<string> {
    const { framing } = this;
    await until(() => framing.answerTo(peer.heard) !== undefined || peer.isOver);
    peer.say(framing.answerTo(peer.heard) ?? '');
    const [first = '', ...rest] = input;
    peer.say(first);
    await until(() => connecting.connection !== undefined || peer.isOver, 5);
    if (connecting.connection) ask(connecting.connection, asked);
    const isSlow = input.join('').length % 2 === 0;
    for (const piece of rest) {
      peer.say(piece);
      if (isSlow) await nextTurn();
    }
    return peer.conclude(() => {
      for (const answer of this.waiting.splice(0)) answer();
    });
  }

  private connect(peers: Peer[], asked: Asked[]): Connecting {
    const open = (): Pipe => {
      const [near, far] = Pipe.createPair();
      peers.push(new Peer(far, this.framing));
      process.nextTick(() => near.emit('connect'));
      return near;
    };
    const client: ClientOptions = {
      application: this.application(),
      extensions: ALL_EXTENSIONS,
      limits: LIMITS,
      reconnector: (_connection, again) => {
        if (peers.length < MAX_DIALS) again();
      },
    };
    const connecting: Connecting = { connection: undefined, outcome: Promise.resolve(undefined) };
    const attempt = expect(asked, 'outcome of a connect');
    connecting.outcome = this.dial(client, open).then(
      (connection) => {
        attempt.isSettled = true;
        connection.on('error', this.watch.note);
        connecting.connection = connection;
        return connection;
      },
      (error: unknown) => {
        attempt.isSettled = true;
        this.watch.note(error);
        return undefined;
      },
    );
    return connecting;
  }

  private dial(client: ClientOptions, open: () => Pipe): Promise<Connection> {
    if (this.transport === 'ws')
      return ws.connect('app', client, { createConnection: open }, 'ws://127.0.0.1:1');
    const dialers = new Map([['net', socketDialer(() => open().asSocket())]]);
    return createConnectFunctions('net', dialers).connect('app', client);
  }

  private application(): Application<Connection> {
    return new Application<Connection>(
      'side',
      {
        mark: {
          run: (_connection: Connection, _label: unknown, callback: (error: null) => void) => callback(null),
          fail: () => {
            throw new Error(SECRET);
          },
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
      },
      { mark: { run: () => undefined } },
    );
  }
}

interface Connecting {
  /** Once it is there. */
  connection: Connection | undefined;
  /** The connection; undefined where connecting has failed. */
  outcome: Promise<Connection | undefined>;
}

/** Asks a server for everything that a client can ask for. */
function ask(connection: Connection, asked: Asked[]): void {
  const settled = (what: string): (() => void) => {
    const one = expect(asked, what);
    return () => (one.isSettled = true);
  };
  connection.callMethod('echo', 'back', [1], settled('answer to a call'));
  connection.startCall('feed', 'all', [], settled('end of a stream'), { onItem: () => undefined });
  connection.inspectInterface('mark', settled('answer to an inspect'));
  connection.ping(settled('answer to a ping'));
  connection.emitRemoteEvent('room', 'said', ['hi']);
}

function expect(asked: Asked[], what: string): Asked {
  const one = { what, isSettled: false };
  asked.push(one);
  return one;
}
