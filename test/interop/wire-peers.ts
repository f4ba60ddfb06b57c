import { isDeepStrictEqual } from 'node:util';
import { jest } from '@jest/globals';
import {
  Application,
  parse,
  RemoteError,
  Session,
  ws,
  type ClientOptions,
  type Connection,
  type ExtensionName,
  type IncomingCall,
  type OutgoingCall,
  type SessionOwner,
  type SharedSessionStorageProvider,
} from '../../lib/core.js';
import type { Closing } from '../support/closing.js';
import { ours, type JstpModule, type PeerConnection, type PeerServer } from '../support/jstp.js';
import { turns } from '../support/quiet.js';
import { waitFor, within } from '../support/wait-for.js';
import type { Side } from './wire-example.js';

/** A real peer that an example is replayed against: a program on top of it does what the example says. */
export interface RealPeer {
  readonly side: Side;
  /** Has the program do something. */
  act(words: string): Promise<void> | void;
  /** Waits until it has seen that its transport is cut. */
  seenCut(): Promise<void>;
}

type Metadata = Record<string, unknown>;
type Done = (error: unknown, ...results: unknown[]) => void;
const WITH_BYTES = { bytes: true };

type Act = (match: RegExpExecArray) => Promise<void> | void;

/** What a program says and does, by sentences. */
export class Sentences {
  private readonly acts: (readonly [pattern: RegExp, act: Act])[] = [];

  /** @param text a sentence, in which `X` is a name and `(...)` arguments */
  on(text: RegExp, act: Act): this {
    this.acts.push([text, act]);
    return this;
  }

  async act(words: string): Promise<void> {
    for (const [pattern, act] of this.acts) {
      const match = pattern.exec(words);
      if (match) return act(match);
    }
    throw new Error(`Nobody knows how to do this: ${words}`);
  }
}

/** `math.add(2, 3)` in a sentence. */
export const TARGET = String.raw`(\w+)\.(\w+)\((.*)\)`;

export function argumentsOf(text: string): unknown[] {
  return parse(`[${text}]`, WITH_BYTES) as unknown[];
}

/** What calls have brought, in the order of their ends. */
export class Outcomes {
  private readonly outcomes: unknown[][] = [];
  private readonly values: unknown[] = [];
  private readonly replyMetadata: unknown[] = [];

  readonly done: Done = (error, ...results) => {
    this.outcomes.push(error ? [codeOf(error)] : [null, ...results]);
  };

  readonly value = (value: unknown): void => {
    this.values.push(value);
  };

  readonly metadata = (metadata: unknown): void => {
    this.replyMetadata.push(metadata);
  };

  /** Says what has to come next. */
  sentences(sentences: Sentences): Sentences {
    return sentences
      .on(/^waits (\d+) ms$/, ([, ms]) => {
        jest.advanceTimersByTime(Number(ms));
      })
      .on(/^gets the value (.+)$/, ([, text]) => this.expect(this.values, parse(text, WITH_BYTES)))
      .on(/^gets the reply metadata (.+)$/, ([, text]) => this.expect(this.replyMetadata, parse(text)))
      .on(/^gets the error (\S+)$/, ([, code]) =>
        this.expect(this.outcomes, [isNaN(Number(code)) ? code : Number(code)]),
      )
      .on(/^gets nothing$/, () => this.expect(this.outcomes, [null]))
      .on(/^gets (.+)$/, ([, text]) => this.expect(this.outcomes, [null, ...argumentsOf(text)]));
  }

  private async expect(queue: unknown[], expected: unknown): Promise<void> {
    await waitFor(() => queue.length > 0, JSON.stringify(expected));
    const got = queue.shift();
    if (!isDeepStrictEqual(got, expected))
      throw new Error(`${JSON.stringify(got)} came where ${JSON.stringify(expected)} was expected`);
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? (error as { code: unknown }).code : error;
}

/** A store as servers share one, without anybody to share it with. */
class SharedStore implements SharedSessionStorageProvider {
  readonly writeThrough = false;
  private readonly texts = new Map<string, string>();

  serve(_owner: SessionOwner): () => Promise<void> {
    return () => Promise.resolve();
  }

  create(id: string, session: Session): Promise<void> {
    return this.save(id, session);
  }

  claim(id: string): Promise<Session | undefined> {
    const text = this.texts.get(id);
    return Promise.resolve(text === undefined ? undefined : Session.deserialize(id, text));
  }

  revive(): Promise<void> {
    return Promise.resolve();
  }

  save(id: string, session: Session): Promise<void> {
    this.texts.set(id, session.serialize());
    return Promise.resolve();
  }

  release(id: string, session: Session): Promise<void> {
    return this.save(id, session);
  }

  delete(id: string): Promise<void> {
    this.texts.delete(id);
    return Promise.resolve();
  }

  get(id: string): Promise<Session | undefined> {
    return this.claim(id);
  }

  set(id: string, session: Session): Promise<void> {
    return this.save(id, session);
  }
}

const HOST = '127.0.0.1';
const ALL: readonly ExtensionName[] = [
  'attachments',
  'bye',
  'bytes',
  'cancel',
  'nest',
  'resume',
  'source',
  'stream',
];

/** An application whose methods are those of the examples; calls that wait are answered by sentences. */
function applicationOf(jstp: JstpModule, name: string, waiting: Done[]): unknown {
  const { RemoteError } = jstp;
  const api = {
    math: {
      add: (_connection: unknown, a: number, b: number, done: Done) => done(null, a + b),
      divide: (_connection: unknown, a: number, b: number, done: Done) => {
        if (b === 0) done(new RemoteError(1010, 'Division by zero', [a]));
        else done(null, Math.floor(a / b), a % b);
      },
    },
    slow: { wait: (_connection: unknown, done: Done) => waiting.push(done) },
    room: {
      enter: (connection: PeerConnection, name_: string, done: Done) => {
        done(null);
        connection.emitRemoteEvent('room', 'entered', [name_]);
      },
    },
    files: {
      keep: (_connection: unknown, content: unknown, done: Done) => done(null, content),
      content: (_connection: unknown, done: Done) => done(null, Buffer.from('hello')),
    },
  };
  if (jstp !== ours) return new jstp.Application(name, api);
  return new StreamingApplication(name, {
    ...api,
    faulty: {
      throws: (_connection: unknown, _done: Done) => {
        throw new Error('of the server alone');
      },
      answers: (_connection: unknown, done: Done) => done(null, 1n),
    },
  });
}

/** An application with streams and reply metadata, which only this package has. */
class StreamingApplication extends Application<Connection> {
  handleCall(call: IncomingCall<Connection>): void {
    if (call.interfaceName === 'feed') void feed(call);
    else if (call.interfaceName === 'sums') void sum(call);
    else if (call.interfaceName === 'priced') {
      const [a, b] = call.args as [number, number];
      call.setReplyMetadata({ cost: 3 });
      call.succeed([a + b]);
    } else
      this.callMethod(
        call.connection,
        call.interfaceName,
        call.methodName,
        call.args,
        (error, ...results) => {
          if (error) call.fail(error);
          else call.succeed(results);
        },
      );
  }
}

async function feed(call: IncomingCall<Connection>): Promise<void> {
  const stream = call.openStream();
  const count = call.methodName === 'forever' ? Infinity : Number(call.args[0]);
  for (let n = 1; n <= count && call.isOpen; n++) {
    stream.write(n);
    if (!(await stream.ready())) return;
    // It waits for what does not come.
    if (call.methodName === 'forever') return;
  }
  stream.end();
}

/** Adds up the values of a stream: all, up to the first, or telling each sum as a value of its own stream. */
async function sum(call: IncomingCall<Connection>): Promise<void> {
  const out = call.methodName === 'running' ? call.openStream() : undefined;
  let total = 0;
  try {
    for await (const value of call.args.at(-1) as AsyncIterable<number>) {
      total += value;
      out?.write(total);
      if (call.methodName === 'first') break;
    }
  } catch {
    // The caller has the error.
    return;
  }
  if (out) out.end();
  else call.succeed([total]);
}

async function* streamOf(values: unknown[], fails: boolean): AsyncGenerator {
  for (const value of values) yield await Promise.resolve(value);
  if (fails) throw new RemoteError(1001, 'half way');
}

/** What a server of this package has besides. */
interface Draining {
  drain(): Promise<void>;
}

/** How often a server that leaves looks whether it is done. */
const LOOK_EVERY_MS = 10;

/** A server of the core, or of the reference. */
export class RealServer implements RealPeer {
  readonly side = 'server';
  port = 0;
  private readonly waiting: Done[] = [];
  private readonly outcomes = new Outcomes();
  private readonly sentences = new Sentences();
  private server: PeerServer | undefined;
  private connection: PeerConnection | undefined;
  private readonly names: string[] = [];
  private readonly options: Record<string, unknown> = {};

  constructor(
    private readonly jstp: JstpModule,
    private readonly closing: Closing,
  ) {
    this.settings();
    this.program();
  }

  /** Starts to listen, after its settings. */
  async listen(isWebSocket: boolean): Promise<void> {
    const { jstp, options, waiting } = this;
    const names = this.names.length > 0 ? this.names : ['app'];
    const applications = names.map((name) => applicationOf(jstp, name, waiting));
    const entry = isWebSocket ? (ws as unknown as JstpModule['net']) : jstp.net;
    const server = entry.createServer({ applications, authPolicy: letIn, ...options });
    this.server = server;
    const keep = (connection: PeerConnection): void => {
      this.connection = connection;
      connection.on('error', () => undefined);
    };
    server.on('connect', keep);
    server.on('reconnect', keep);
    this.closing.add(async () => {
      const closed = new Promise<void>((resolve) => server.close(resolve));
      (server as { closeConnections?: () => void }).closeConnections?.();
      await within(closed, 'the end of a server');
    });
    await within(new Promise((resolve) => server.listen(0, HOST, resolve)), 'a server that listens');
    ({ port: this.port } = server.address() as { port: number });
  }

  act(words: string): Promise<void> {
    return this.sentences.act(words);
  }

  async seenCut(): Promise<void> {
    await waitFor(() => this.server?.getClientsArray().length === 0, 'the server to see the cut');
  }

  private get client(): PeerConnection {
    if (!this.connection) throw new Error('No client has logged in');
    return this.connection;
  }

  private settings(): void {
    const { options, sentences } = this;
    sentences
      .on(/^has the applications (.+)$/, ([, names]) => void this.names.push(...names.split(', ')))
      .on(/^accepts all extensions$/, () => void (options['extensions'] = ALL))
      .on(/^accepts no extensions$/, () => void (options['extensions'] = []))
      .on(/^takes messages of up to (\d+) bytes$/, ([, bytes]) => this.limit('maxMessageBytes', bytes))
      .on(/^keeps up to (\d+) messages? for a client$/, ([, count]) => this.limit('journalMaxEntries', count))
      .on(/^serves up to (\d+) calls? at once$/, ([, count]) => this.limit('maxCallsInFlight', count))
      .on(/^ends streams when it leaves$/, () => void (options['drainStreams'] = 'end'))
      .on(/^shares its sessions with other servers$/, () => {
        options['sessionStorageProvider'] = new SharedStore();
      });
  }

  /** Lets the server leave, with the time that it gives to handlers. */
  private async leave(): Promise<void> {
    const state = { isOver: false };
    const drained = (this.server as unknown as Draining).drain().finally(() => (state.isOver = true));
    while (!state.isOver) {
      jest.advanceTimersByTime(LOOK_EVERY_MS);
      await turns(1);
    }
    await drained;
  }

  private limit(name: string, value: string): void {
    this.options['limits'] = { ...(this.options['limits'] as object | undefined), [name]: Number(value) };
  }

  private program(): void {
    const { outcomes, sentences, waiting } = this;
    sentences
      .on(new RegExp(`^calls ${TARGET}$`), ([, iface, method, args]) => {
        this.client.callMethod(iface, method, argumentsOf(args), outcomes.done);
      })
      .on(new RegExp(`^emits ${TARGET}$`), ([, iface, event, args]) => {
        this.client.emitRemoteEvent(iface, event, argumentsOf(args));
      })
      .on(/^pings$/, () => this.client.ping(outcomes.done) as undefined)
      .on(/^pings every (\d+) ms$/, ([, ms]) => this.client.startHeartbeat(Number(ms)))
      .on(/^answers slow\.wait with (.+)$/, async ([, text]) => {
        await waitFor(() => waiting.length > 0, 'a call of slow.wait');
        waiting.shift()?.(null, ...argumentsOf(text));
      })
      .on(/^is called for slow\.wait$/, () => waitFor(() => waiting.length > 0, 'a call of slow.wait'))
      .on(/^closes the connection$/, () => this.client.close())
      .on(/^begins to leave$/, () => {
        void (this.server as unknown as Draining).drain();
      })
      .on(/^leaves$/, async () => {
        await this.leave();
      });
    outcomes.sentences(sentences);
  }
}

function letIn(
  _connection: unknown,
  _application: unknown,
  strategy: string,
  credentials: unknown,
  done: Done,
): void {
  const [name, password] = strategy === 'login' ? (credentials as string[]) : [];
  if (strategy === 'anonymous') done(null, true);
  else if (strategy === 'token' && credentials === 'a secret') done(null, 'ann');
  else if (name === 'ann' && password === 'secret') done(null, name);
  else done(new Error('of the server alone'));
}

const EXTENSIONS: Readonly<Record<string, readonly ExtensionName[]>> = {
  'without extensions': [],
  'with all extensions': ALL,
};

/** A client of the core, or of the reference. */
export class RealClient implements RealPeer {
  readonly side = 'client';
  private readonly waiting: Done[] = [];
  private readonly outcomes = new Outcomes();
  private readonly sentences = new Sentences();
  private connecting: Promise<PeerConnection> | undefined;
  private call: OutgoingCall | undefined;
  private readonly limits: Record<string, number> = {};

  constructor(
    private readonly jstp: JstpModule,
    private readonly closing: Closing,
    private readonly port: number,
    private readonly isWebSocket: boolean,
  ) {
    this.handshakes();
    this.program();
  }

  act(words: string): Promise<void> {
    return this.sentences.act(words);
  }

  async seenCut(): Promise<void> {
    const connection = await this.connected();
    if (this.jstp === ours) await waitFor(() => !connection.handshakeDone, 'the client to see the cut');
    else
      await waitFor(
        () => (connection as unknown as { _closed: boolean })._closed,
        'the client to see the cut',
      );
  }

  private async connected(): Promise<PeerConnection> {
    if (!this.connecting) throw new Error('The client does not connect');
    return within(this.connecting, 'a connect');
  }

  private get entry(): JstpModule['net'] {
    return this.isWebSocket ? (ws as unknown as JstpModule['net']) : this.jstp.net;
  }

  private get address(): unknown[] {
    return this.isWebSocket ? [`ws://${HOST}:${String(this.port)}/`] : [this.port, HOST];
  }

  private connect(app: string, options: object): void {
    const { jstp, limits, waiting } = this;
    const client: ClientOptions = {
      application: applicationOf(jstp, 'side', waiting) as ClientOptions['application'] & object,
      reconnector: () => undefined,
      ...(jstp === ours && { limits }),
      ...options,
    };
    this.connecting = new Promise((resolve, reject) => {
      this.entry.connect(app, client, ...this.address, (error: unknown, connection?: PeerConnection) => {
        if (error || !connection) {
          reject(error);
          return;
        }
        connection.on('error', () => undefined);
        this.closing.add(() => connection.close());
        resolve(connection);
      });
    });
    this.connecting.catch(() => undefined);
  }

  private handshakes(): void {
    const { sentences, jstp } = this;
    const policy = (login?: string, password?: string): object =>
      new jstp.SimpleConnectPolicy(login, password);
    sentences
      .on(/^takes messages of up to (\d+) bytes$/, ([, bytes]) => {
        this.limits['maxMessageBytes'] = Number(bytes);
      })
      .on(/^connects to (\S+)$/, ([, app]) => this.connect(app, { connectPolicy: policy() }))
      .on(/^connects to (\S+) as (\w+) with the password (\w+), without extensions$/, ([, app, name, word]) =>
        this.connect(app, { connectPolicy: policy(name, word), extensions: [] }),
      )
      .on(
        /^connects to (\S+) by the strategy (\w+) with '(.+)', without extensions$/,
        ([, app, strategy, key]) => {
          const connectPolicy = (
            _app: unknown,
            connection: Connection,
            _session: unknown,
            done: Done,
          ): void => {
            connection.authenticate(app, strategy, key, (error, session) => done(error, connection, session));
          };
          this.connect(app, { connectPolicy, extensions: [] });
        },
      )
      .on(/^connects to (\S+) (with.+)$/, ([, app, which]) => {
        if (!(which in EXTENSIONS)) throw new Error(`No such extensions: ${which}`);
        this.connect(app, { connectPolicy: policy(), extensions: EXTENSIONS[which] });
      })
      .on(/^is refused with (-?\d+)$/, async ([, code]) => {
        const error = await this.connected().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (codeOf(error) !== Number(code)) throw new Error(`Refused with ${String(codeOf(error))}`);
      })
      .on(/^comes back$/, async () => {
        const connection = await this.connected();
        // Its end is one of the messages, or of the outcomes.
        this.entry.reconnect(connection, ...this.address, () => undefined);
      });
  }

  private program(): void {
    const { outcomes, sentences, waiting } = this;
    sentences
      .on(new RegExp(`^calls ${TARGET}$`), async ([, iface, method, args]) => {
        (await this.connected()).callMethod(iface, method, argumentsOf(args), outcomes.done);
      })
      .on(
        new RegExp(`^calls ${TARGET} with a stream of (.+?)( that fails)?$`),
        ([, iface, method, args, values, fails]) =>
          this.start(
            iface,
            method,
            args,
            { onItem: outcomes.value },
            streamOf(argumentsOf(values), fails === ' that fails'),
          ),
      )
      .on(new RegExp(`^calls ${TARGET} with the metadata (.+)$`), ([, iface, method, args, metadata]) =>
        this.start(iface, method, args, { metadata: parse(metadata) }),
      )
      .on(new RegExp(`^calls ${TARGET} with the timeout (\\d+)$`), ([, iface, method, args, timeout]) =>
        this.start(iface, method, args, { timeout: Number(timeout) }),
      )
      .on(new RegExp(`^subscribes to ${TARGET}$`), ([, iface, method, args]) =>
        this.start(iface, method, args, { onItem: outcomes.value }),
      )
      .on(/^cancels the call$/, async () => {
        const connection = (await this.connected()) as unknown as Connection;
        if (this.call) connection.cancelCall(this.call);
      })
      .on(new RegExp(`^emits ${TARGET}$`), async ([, iface, event, args]) => {
        (await this.connected()).emitRemoteEvent(iface, event, argumentsOf(args));
      })
      .on(
        new RegExp(`^emits ${TARGET} with the metadata (.+)$`),
        async ([, iface, event, args, metadata]) => {
          const connection = (await this.connected()) as unknown as Connection;
          connection.emitRemoteEvent(iface, event, argumentsOf(args), {
            metadata: parse(metadata) as Metadata,
          });
        },
      )
      .on(/^inspects (\w+)$/, async ([, iface]) => {
        (await this.connected()).inspectInterface(iface, (error: unknown, proxy: object | undefined) => {
          outcomes.done(error, Object.keys(proxy ?? {}).length > 0);
        });
      })
      .on(/^pings$/, async () => void (await this.connected()).ping(outcomes.done))
      .on(/^pings every (\d+) ms$/, async ([, ms]) => (await this.connected()).startHeartbeat(Number(ms)))
      .on(/^answers slow\.wait with (.+)$/, async ([, text]) => {
        await waitFor(() => waiting.length > 0, 'a call of slow.wait');
        waiting.shift()?.(null, ...argumentsOf(text));
      })
      .on(/^closes the connection$/, async () => (await this.connected()).close());
    outcomes.sentences(sentences);
  }

  private async start(
    iface: string,
    method: string,
    args: string,
    options: object,
    ...streams: unknown[]
  ): Promise<void> {
    const connection = (await this.connected()) as unknown as Connection;
    const { done, metadata: onReplyMetadata } = this.outcomes;
    this.call = connection.startCall(iface, method, [...argumentsOf(args), ...streams], done, {
      onReplyMetadata,
      ...options,
    });
  }
}
