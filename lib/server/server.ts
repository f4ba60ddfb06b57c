import { Applications } from '../application/applications.js';
import { Connection } from '../connection/connection.js';
import type { Transport } from '../connection/transport.js';
import { journalBytesTotal, type Limits } from '../protocol/limits.js';
import type { HandshakeRequest } from '../protocol/message.js';
import { JournalMeter } from '../session/journal-meter.js';
import {
  EventEmitter,
  LAST_RESORT,
  SAFE_EMIT,
  type ArgumentsOf,
  type ErrorReporter,
} from '../util/event-emitter.js';
import { reportUnhandledError } from '../util/host.js';
import { PendingPeers, type Arrival } from './handshake/pending-peers.js';
import { ClientTable } from './sessions/client-table.js';
import { Handshakes, type HandshakeOutcome } from './handshake/handshakes.js';
import type { Listener, ListenerFactory } from './listener.js';
import type { ServerEvents } from './server-events.js';
import { trimJournals } from './sessions/trim-journals.js';
import { SessionKeeper } from './sessions/session-keeper.js';
import {
  resolveServerOptions,
  type ApplicationsOption,
  type ResolvedServerOptions,
  type ServerOptions,
} from './server-options.js';
import { INSPECT, inspectAsJson, type Inspect } from '../util/inspect.js';

/**
 * A listening side: its clients, their sessions and its applications. `createServer` of a transport
 * makes one. Node's `listen`, `close` and `address` and its events are passed through; it is no
 * net.Server itself.
 */
export class Server extends EventEmitter<ServerEvents> {
  private readonly options: ResolvedServerOptions;
  private readonly table: ClientTable;
  /** @internal */
  readonly journalMeter: JournalMeter;
  private readonly keeper: SessionKeeper;
  private readonly handshakes: Handshakes;
  private readonly arrivals: PendingPeers;
  private readonly listener: Listener;
  private applicationTable: Applications<Connection>;
  /** @internal Told what a listener throws that was itself told of an error, or of the server alone. */
  lastResort: ErrorReporter = LAST_RESORT;

  /**
   * @param options applications, policies and limits
   * @param createListener makes what accepts links
   * @param onConnect a listener of 'connect'
   * @throws ConfigurationError naming the option
   */
  constructor(
    options: ServerOptions,
    createListener: ListenerFactory,
    onConnect?: (connection: Connection) => void,
  ) {
    super();
    this.options = resolveServerOptions(options);
    const { limits, clientExpirationTime } = this.options;
    this.applicationTable = new Applications(options.applications, limits.maxVersionRangeLength);
    this.table = new ClientTable(clientExpirationTime, limits.maxSessions, (connection) => {
      this.keeper.expired(connection);
    });
    this.journalMeter = new JournalMeter(journalBytesTotal(limits), () => {
      trimJournals(this.journalMeter, this.table, this.keeper);
    });
    this.keeper = new SessionKeeper(this.options, this.table, {
      taken: (connection) => {
        this.taken(connection);
      },
      overtakes: (id, claim) => this.handshakes.overtakes(id, claim),
      failed: (error, connection) => {
        this.storeFailed(error, connection);
      },
    });
    this.handshakes = new Handshakes(this.options, this.table, this.keeper, this.handshakeOutcome());
    this.arrivals = new PendingPeers(limits.handshakeTimeoutMs, (connection) => {
      connection.close();
      this.notify(connection, 'handshakeTimeout', connection);
    });
    this.listener = createListener({
      arrive: (abandon) => this.arrivals.add(abandon),
      gone: (arrival) => {
        this.arrivals.gone(arrival);
      },
      accept: (transport, arrival) => {
        this.accept(transport, arrival);
      },
      forward: (event, args) => {
        this.forward(event, args);
      },
    });
    if (onConnect) this.on('connect', onConnect);
  }

  /** The caps and timeouts in force. */
  get limits(): Limits {
    return this.options.limits;
  }

  /** Whether the server listens. */
  get listening(): boolean {
    return this.listener.listening;
  }

  /** Starts to listen; the arguments are those of Node's `server.listen`. Errors are the event 'error'. */
  listen(...args: unknown[]): this {
    this.listener.listen(args);
    return this;
  }

  /** Accepts nobody any more. As with Node's server, open connections stay, and the callback waits for their end. */
  close(callback?: (error?: Error) => void): this {
    this.listener.close(callback);
    return this;
  }

  /** Where the server listens, as Node tells it; null where it does not. */
  address(): unknown {
    return this.listener.address();
  }

  /** Lets the server keep the process alive, which is the default. */
  ref(): this {
    this.listener.ref();
    return this;
  }

  /** Lets the process end while the server listens. */
  unref(): this {
    this.listener.unref();
    return this;
  }

  /** Node's server underneath. */
  getRawServer(): unknown {
    return this.listener.raw;
  }

  /** The connected clients. */
  getClients(): IterableIterator<Connection> {
    return this.table.connected.values();
  }

  /** The connected clients, as an array. */
  getClientsArray(): Connection[] {
    return [...this.getClients()];
  }

  /** The clients that events reach: the connected ones, and those whose sessions wait here for their resume. */
  getReachableClients(): IterableIterator<Connection> {
    return this.table.reachable();
  }

  /**
   * Sends an event to all clients, those too whose sessions wait for their resume: they get it then. A session whose
   * journal has no room for it ends.
   */
  broadcast(interfaceName: string, eventName: string, ...args: unknown[]): void {
    for (const connection of this.getReachableClients())
      connection.emitRemoteEvent(interfaceName, eventName, args);
  }

  /** Serves other applications from now on; connected clients stay with theirs until {@link updateConnectionsApi}. */
  updateApplications(applications: ApplicationsOption): void {
    this.applicationTable = new Applications(applications, this.limits.maxVersionRangeLength);
  }

  /** Moves each client to the newest application within the range that it asked for, without one within its major. */
  updateConnectionsApi(): void {
    for (const connection of this.getClients()) {
      const { application, session } = connection;
      if (!application) continue;
      const newer = this.applicationTable.findUpdate(application, session?.binding?.version);
      if (newer) connection.application = newer;
    }
  }

  /**
   * Hands the sessions over to the other servers that share their store (see SharedSessionStorageProvider): calls that
   * are being served get `limits.drainTimeoutMs` to end, clients are told to move. Does nothing for other sessions.
   * After `close`, before {@link closeConnections}.
   */
  async drain(): Promise<void> {
    await this.keeper.drain();
  }

  /** @internal Whether {@link drain} has something to do. */
  get isDrainable(): boolean {
    return this.keeper.isServing;
  }

  /** Ends all connections and forgets the sessions that wait for their clients: with `close`, the end of all. */
  closeConnections(): void {
    for (const connection of this.getClientsArray()) connection.close();
    this.arrivals.clear();
    this.table.clear();
  }

  /** @internal */
  get hasLogListeners(): boolean {
    return this.listenerCount('log') > 0;
  }

  /** @internal */
  log(connection: Connection, event: string, args: readonly unknown[]): void {
    this.notify(connection, 'log', connection, event, ...args);
  }

  /** @internal */
  decideHandshake(connection: Connection, request: HandshakeRequest): void {
    this.handshakes.decide(connection, request, this.applicationTable);
    this.notify(connection, 'handshakeRequest', connection, request.application, request.strategy);
    if (this.hasLogListeners) {
      this.log(connection, 'handshakeRequest', [request.application, request.strategy]);
    }
  }

  /** @internal */
  linkLost(connection: Connection): void {
    this.arrivals.settle(connection);
    this.handshakes.gone(connection);
    const wasIn = this.table.connected.has(connection);
    this.table.lost(connection);
    if (!wasIn) return;
    this.keeper.linkLost(connection);
    this.notify(connection, 'disconnect', connection);
  }

  /** @internal */
  sessionOver(connection: Connection, isFull: boolean): void {
    if (isFull && connection.session) this.handshakes.noteFull(connection.session.id);
    this.table.remove(connection);
    this.keeper.linkLost(connection);
  }

  /** @internal */
  sessionChanged(connection: Connection): void {
    this.keeper.sessionChanged(connection);
  }

  /** @internal */
  connectionError(error: unknown, connection: Connection): boolean {
    return this[SAFE_EMIT]('connectionError', [error, connection], this.lastResort);
  }

  private handshakeOutcome(): HandshakeOutcome {
    return {
      entered: (connection) => {
        this.keeper.entered(connection);
        this.clientEntered(connection, 'connect');
      },
      resumed: (connection, session, application) => {
        this.notify(connection, 'restoreSession', session, connection, application);
        this.clientEntered(connection, 'reconnect');
      },
      moved: (newcomer) => {
        this.arrivals.settle(newcomer);
      },
      taken: (connection) => {
        this.taken(connection);
      },
      refused: (connection, refusal) => {
        this.notify(connection, 'handshakeRefused', connection, refusal);
      },
    };
  }

  private accept(transport: Transport, arrival?: Arrival): void {
    const connection = new Connection(transport, this, null, null, this.limits);
    this.arrivals.connected(arrival ?? this.arrivals.add(() => transport.destroy()), connection);
  }

  private clientEntered(connection: Connection, event: 'connect' | 'reconnect'): void {
    this.arrivals.settle(connection);
    this.table.add(connection);
    const { heartbeatInterval } = this.options;
    if (heartbeatInterval) connection.startHeartbeat(heartbeatInterval);
    this.notify(connection, event, connection);
  }

  private taken(connection: Connection): void {
    const { session } = connection;
    if (session) this.notify(connection, 'sessionTaken', session, connection);
  }

  /** A failure of a store: the peer is not told, so somebody must be. */
  private storeFailed(error: unknown, connection: Connection | undefined): void {
    if (connection && this.connectionError(error, connection)) return;
    const isHeard = this[SAFE_EMIT]('storageError', [error], this.lastResort);
    if (!isHeard)
      reportUnhandledError('error of a session store (listen for a server\'s "storageError")', error);
  }

  /** Emits an event; what a listener throws is told as an error of the connection that the event is about. */
  private notify<Name extends keyof ServerEvents>(
    reporter: ErrorReporter,
    name: Name,
    ...args: ArgumentsOf<ServerEvents, Name>
  ): boolean {
    return this[SAFE_EMIT](name, args, reporter);
  }

  private forward(event: string, args: readonly unknown[]): void {
    // The last link is gone: nothing is owned any more.
    if (event === 'close') void this.keeper.stop();
    if (event === 'listening' || event === 'close') this.notify(this.lastResort, event);
    else if (event === 'connection') this.notify(this.lastResort, 'connection', args[0]);
    // As Node does, where nobody listens: a server that cannot listen must not seem to.
    else if (event === 'error' && !this.notify(this.lastResort, 'error', args[0] as Error)) throw args[0];
  }

  /** @internal What `JSON.stringify` shows: no sessions' ids and no options. */
  toJSON(): object {
    return { listening: this.listening, clients: this.table.connected.size };
  }

  /** @internal What Node prints, see {@link toJSON}. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectAsJson('Server', this, options, inspect);
  }
}
