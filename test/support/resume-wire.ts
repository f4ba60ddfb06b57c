import { createServer, type AddressInfo, type Server as NodeServer } from 'node:net';
import {
  Application,
  net,
  type ClientOptions,
  type Connection,
  type ExtensionName,
  type IncomingCall,
  type NetServerOptions,
  type Server,
} from '../../lib/core.js';
import type { Closing } from './closing.js';
import { startCore } from './core.js';
import { Door } from './quiet.js';
import { RawPeer } from './raw-peer.js';
import { waitFor, within } from './wait-for.js';

/** The extensions of the core, as the wire has them. */
export const EXTENSIONS = '{cancel:1,resume:1,stream:1}';
/** The same and goodbyes, as an option and on the wire. */
export const WITH_BYE: readonly ExtensionName[] = ['bye', 'cancel', 'resume', 'stream'];
export const OFFER_WITH_BYE = '{bye:1,cancel:1,resume:1,stream:1}';
export const SESSION_LOST = "{handshake:[0],error:[11,'Authentication failed','ERR_SESSION_LOST']}";

/** The same, where it has ended because too much waited for its client. */
export const SESSION_FULL = SESSION_LOST.replace(']}', ",'ERR_JOURNAL_FULL']}");

/** What a side of this package was asked to do. */
export class Served {
  readonly calls: IncomingCall<Connection>[] = [];
  readonly events: string[] = [];
  readonly application: Application<Connection>;

  constructor(name: string) {
    const { calls, events } = this;
    this.application = new (class extends Application<Connection> {
      handleCall(call: IncomingCall<Connection>): void {
        calls.push(call);
      }

      override handleEvent(_connection: Connection, iface: string, event: string): void {
        events.push(`${iface}.${event}`);
      }
    })(name, {});
  }

  /** Waits for a call, counted from the beginning. */
  async call(count: number): Promise<IncomingCall<Connection>> {
    await waitFor(() => this.calls.length >= count, `call ${String(count)}`);
    return this.calls[count - 1];
  }
}

/** A server of this package, whose clients are written by hand. */
export class ServerOnTheWire {
  readonly served: Served;

  private constructor(
    private readonly closing: Closing,
    readonly server: Server,
    readonly port: number,
    served: Served,
  ) {
    this.served = served;
  }

  static async start(closing: Closing, options: Partial<NetServerOptions> = {}): Promise<ServerOnTheWire> {
    const served = new Served('app');
    const { server, port } = await startCore(closing, { applications: [served.application], ...options });
    return new ServerOnTheWire(closing, server, port, served);
  }

  /** A peer that has said its first words. */
  async peer(...texts: string[]): Promise<RawPeer> {
    const peer = await RawPeer.connect(this.port);
    this.closing.add(() => peer.destroy());
    peer.send(...texts);
    return peer;
  }

  /** A client that is in, with its session's id; the handshake's answer is not among its messages any more. */
  async login(extensions = EXTENSIONS): Promise<{ peer: RawPeer; id: string; connection: Connection }> {
    const peer = await this.peer(`{handshake:[0,'app'${extensions && `,'',${extensions}`}]}`);
    await peer.received(1);
    const id = /ok:'([^']+)'/.exec(peer.messages.splice(0, 1)[0] ?? '')?.[1] ?? '';
    const connection = this.server.getClientsArray().find(({ session }) => session?.id === id);
    if (!connection) throw new Error('Not let in');
    return { peer, id, connection };
  }

  /** A peer that asks for a session. */
  resume(id: string, count: number, extensions = EXTENSIONS): Promise<RawPeer> {
    return this.peer(
      `{handshake:[0,'app'${extensions && `,'',${extensions}`}],session:['${id}',${String(count)}]}`,
    );
  }

  /** Cuts a peer's line, and waits until the server has seen it. */
  async cut(peer: RawPeer): Promise<void> {
    peer.socket.resetAndDestroy();
    await waitFor(() => this.server.getClientsArray().length === 0, 'the server to see the cut');
  }
}

/** A client of this package, whose server is written by hand. */
export class ClientOnTheWire {
  /** The links of the client, in the order of their coming. */
  readonly links: RawPeer[] = [];
  readonly served = new Served('side');
  port = 0;
  private readonly door: Door;

  private constructor(
    private readonly closing: Closing,
    listener: NodeServer,
  ) {
    this.door = new Door(listener, () => this.port);
  }

  static async start(closing: Closing): Promise<ClientOnTheWire> {
    const listener = createServer();
    const wire = new ClientOnTheWire(closing, listener);
    listener.on('connection', (socket) => wire.links.push(new RawPeer(socket)));
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    wire.port = (listener.address() as AddressInfo).port;
    closing.add(async () => {
      const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
      for (const link of wire.links) link.destroy();
      await within(closed, 'the end of the listener');
    });
    return wire;
  }

  /** Connects, and answers the handshake as the server of the text would. */
  async connect(answer: string, options: ClientOptions = {}): Promise<Connection> {
    const turn = this.links.length;
    const client = { application: this.served.application, reconnector: () => undefined, ...options };
    const connecting = net.connect('app', client, this.port, '127.0.0.1');
    await this.answer(turn, answer);
    const connection = await within(connecting, 'a connect');
    this.closing.add(() => connection.close());
    return connection;
  }

  /** Brings a connection back; the server answers with its count. */
  async reconnect(connection: Connection, answer: string): Promise<RawPeer> {
    const turn = this.links.length;
    const done = net.reconnect(connection, this.port, '127.0.0.1');
    const link = await this.answer(turn, answer);
    await within(done, 'a reconnect');
    return link;
  }

  /** The server's end of the link that has come so many links after the first. */
  async link(turn: number): Promise<RawPeer> {
    await waitFor(() => this.links.length > turn, `link ${String(turn)}`);
    return this.links[turn];
  }

  /** How many links have come, once all have that are dialled by now. */
  async dialled(): Promise<number> {
    const count = await this.door.came();
    const knock = this.links.findIndex(({ socket }) => this.door.isKnock(socket));
    this.links.splice(knock, 1);
    return count;
  }

  /** Cuts the newest line, and waits until the client has seen it. */
  async cut(connection: Connection): Promise<void> {
    this.links.at(-1)?.socket.resetAndDestroy();
    await waitFor(() => !connection.handshakeDone, 'the client to see the cut');
  }

  private async answer(turn: number, text: string): Promise<RawPeer> {
    const link = await this.link(turn);
    await link.received(1);
    link.send(text);
    return link;
  }
}

/** A server's yes, with the core's extensions: to a login with the session's id, to a resume with the count. */
export function yes(ok: string | number): string {
  return `{handshake:[0,null,${EXTENSIONS}],ok:${typeof ok === 'string' ? `'${ok}'` : String(ok)}}`;
}
