import { Applications } from '../application/applications.js';
import type { Connection } from '../connection/connection.js';
import { controlOf } from '../connection/control.js';
import { Lifecycle } from '../connection/lifecycle.js';
import { ReceiveMeter } from '../connection/receive-meter.js';
import { SendMeter } from '../connection/send-meter.js';
import type { ServerSide } from '../connection/server-side.js';
import { timeAccountOf } from '../connection/time-accounts.js';
import type { Transport } from '../connection/transport.js';
import {
  receiveBufferBytesTotal,
  sendBufferBytesTotal,
  type Limits,
  type TotalLimit,
} from '../protocol/limits.js';
import type { HandshakeRequest } from '../protocol/message.js';
import { InFlight } from '../connection/calls/in-flight.js';
import {
  EventEmitter,
  LAST_RESORT,
  SAFE_EMIT,
  type ArgumentsOf,
  type ErrorReporter,
  LISTENERS_CHANGED,
} from '../util/event-emitter.js';
import { now, reportUnhandledError } from '../util/host.js';
import { lookUntil } from '../util/look-until.js';
import type { CallDetails } from './administration/call-details.js';
import { SERVER_CONTROL, type ServerControl } from './control.js';
import { BudgetWatch, type ReachedBudget } from './budget-watch.js';
import { Door } from './door/door.js';
import { MemoryGuard } from './door/memory-guard.js';
import { PendingPeers, type PendingPeer } from './handshake/pending-peers.js';
import { ClientTable } from './sessions/client-table.js';
import { Handshakes, type HandshakeOutcome } from './handshake/handshakes.js';
import type { Listener, ListenerFactory, ListenerSink } from './listener.js';
import { Audience, UserAudience } from './rooms/audience.js';
import { Rooms } from './rooms/rooms.js';
import { selectUsers, type Excluded } from './rooms/selection.js';
import type { ServerEvents } from './server-events.js';
import { groupKinds } from './sessions/session-group.js';
import { shedAnonymous } from './sessions/shed-anonymous.js';
import { Lifetimes } from './sessions/lifetimes.js';
import { Leaving } from './sessions/leaving.js';
import { trimJournals } from './sessions/trim-journals.js';
import { ServerMeter } from './metrics/server-meter.js';
import type { ServerMetrics } from './metrics/server-metrics.js';
import { SessionKeeper } from './sessions/session-keeper.js';
import {
  mayInspect,
  resolveServerOptions,
  storageOf,
  type ApplicationsOption,
  type ResolvedServerOptions,
  type ServerOptions,
} from './server-options.js';
import { createMeters, readMeters, type Meters, type ServerUsage } from './usage.js';
import { INSPECT, inspectAsJson, type Inspect } from '../util/inspect.js';

/**
 * The listening side of JSTP: its clients, their sessions and its applications. `createServer` of a transport makes
 * one. It passes Node's `listen`, `close`, `address` and events through, but is no `net.Server` itself.
 * @example
 * const server = net.createServer([new Application('chat@1.0.0', api)]);
 * server.on('connect', (connection) => console.log(connection.username));
 * server.listen(3000);
 */
export class Server extends EventEmitter<ServerEvents> {
  private readonly options: ResolvedServerOptions;
  /** The rooms of this server, and who is in them. */
  readonly rooms: Rooms;
  private readonly table: ClientTable;
  private readonly inFlight: InFlight;
  private readonly receiveMeter: ReceiveMeter;
  private readonly sendMeter: SendMeter;
  private readonly keeper: SessionKeeper;
  private readonly handshakes: Handshakes;
  private readonly pendingPeers: PendingPeers;
  private readonly lifetimes: Lifetimes;
  private readonly memoryGuard: MemoryGuard;
  private readonly meters: Meters;
  /** Undefined: nobody has asked for metrics. */
  private readonly meter: ServerMeter | undefined;
  private readonly listener: Listener;
  private draining: Promise<void> | undefined;
  private applicationTable: Applications<Connection>;
  private readonly side: ServerSide & { hasLogListeners: boolean };
  /** @internal What `nest/` may drive. */
  readonly [SERVER_CONTROL]: ServerControl;

  /**
   * @internal Only `createServer` of a transport makes servers.
   * @param options applications, policies and limits
   * @param createListener makes the listener, which accepts transports
   * @param onConnect a listener of 'connect'
   * @param details gets the details of what clients call and emit
   * @throws ConfigurationError naming the option, what was given and what is allowed
   */
  constructor(
    options: ServerOptions,
    createListener: ListenerFactory,
    onConnect?: (connection: Connection) => void,
    details?: CallDetails,
  ) {
    super();
    this.options = resolveServerOptions(options);
    this.meter = this.options.metrics || details ? new ServerMeter(details?.factory) : undefined;
    const { limits, clientExpirationTime } = this.options;
    this.applicationTable = new Applications(options.applications, limits.maxVersionRangeLength);
    const kinds = groupKinds(limits, (group) => trimJournals(group, this.table, this.keeper));
    this.table = new ClientTable(clientExpirationTime, kinds, {
      expired: (connection) => {
        this.keeper.clientExpired(connection);
      },
      entered: (connection, session) => {
        this.rooms.entered(connection, session);
      },
      departed: (connection, session, reason) => {
        this.rooms.departed(connection, session, reason);
      },
    });
    this.rooms = this.createRooms();
    const budgets = this.createBudgetWatch();
    this.inFlight = new InFlight(limits, budgets.reached.bind(budgets));
    this.receiveMeter = this.createReceiveMeter(budgets);
    this.sendMeter = new SendMeter(sendBufferBytesTotal(limits), () => {
      budgets.reached('maxSendBufferBytesTotal');
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
    this[SERVER_CONTROL] = this.createControl(details);
    this.side = this.createSide();
    this.lifetimes = new Lifetimes(limits, (connection, limit) => {
      this.notifyOf(connection, 'connectionTimeout', connection, limit);
    });
    this.pendingPeers = new PendingPeers(limits.handshakeTimeoutMs, (connection) => {
      connection.close();
      this.notifyOf(connection, 'handshakeTimeout', connection);
    });
    this.memoryGuard = this.createMemoryGuard();
    const door = this.createDoor();
    const { rooms, table, inFlight, receiveMeter, sendMeter, pendingPeers } = this;
    const metered = { door, pendingPeers, rooms, table, inFlight, receiveMeter, sendMeter };
    this.meters = createMeters(limits, metered);
    this.listener = createListener(this.createSink(door));
    if (onConnect) this.on('connect', onConnect);
  }

  /** @internal */
  override [LISTENERS_CHANGED](): void {
    this.side.hasLogListeners = this.listenerCount('log') > 0;
  }

  /** The caps and timeouts in force. */
  get limits(): Limits {
    return this.options.limits;
  }

  /** Whether the server listens. */
  get listening(): boolean {
    return this.listener.listening;
  }

  /** Starts to listen; the arguments are those of Node's `server.listen`. A failure is the event 'error'. */
  listen(...args: unknown[]): this {
    this.listener.listen(args);
    return this;
  }

  /**
   * Stops listening. As with Node's server, open connections stay, see {@link closeConnections}.
   * @param callback called when the last connection is closed; with an error where the server does not listen
   */
  close(callback?: (error?: Error) => void): this {
    this.listener.close(callback);
    return this;
  }

  /** Returns where the server listens, as Node's `server.address` does; null while it does not listen. */
  address(): unknown {
    return this.listener.address();
  }

  /** Lets the server keep the process alive while it listens, which is the default. */
  ref(): this {
    this.listener.ref();
    return this;
  }

  /** Lets the process end while the server listens. */
  unref(): this {
    this.listener.unref();
    return this;
  }

  /** Returns Node's server underneath; undefined where there is none. */
  getRawServer(): unknown {
    return this.listener.raw;
  }

  /** Returns how much of the budgets of this server is used now, and their limits. Costs little, and may be asked often. */
  getUsage(): ServerUsage {
    return readMeters(this.meters);
  }

  /** Whether the server was made with the option `metrics`. */
  get countsMetrics(): boolean {
    return this.meter !== undefined;
  }

  /**
   * Returns what the server has counted: calls and events by name and outcome, connections, sessions, bytes, refusals...
   * Plain data, safe for `JSON.stringify`.
   * @throws Error without the option `metrics`
   */
  getMetrics(): ServerMetrics {
    if (!this.meter) throw new Error('Nothing is counted: the server was made without the option metrics');
    return this.meter.read(this.getUsage());
  }

  /**
   * Asks the session stores whether they can be reached, as far as they tell (see `SessionStorageProvider.ping`).
   * Rejects with the error of one that cannot.
   */
  async checkStores(): Promise<void> {
    const stores = [...this.applicationTable].map((application) => storageOf(application, this.options));
    await Promise.all([...new Set(stores)].map((store) => store.ping?.()));
  }

  /** Returns the connected clients. */
  getClients(): IterableIterator<Connection> {
    return this.table.connected.values();
  }

  /** Returns the connected clients as an array. */
  getClientsArray(): Connection[] {
    return [...this.getClients()];
  }

  /** Returns the clients that events reach: the connected ones, and those whose sessions wait here to be resumed. */
  getReachableClients(): IterableIterator<Connection> {
    return this.table.reachable();
  }

  /**
   * Sends an event to all reachable clients. A client that is away gets the event when it resumes its session. A
   * session whose journal has no room for the event ends.
   */
  broadcast(interfaceName: string, eventName: string, ...args: unknown[]): void {
    this.rooms.broadcast(interfaceName, eventName, args);
  }

  /**
   * Selects the members of rooms of this server: `server.to('kitchen', 'hall').emit('chat', 'said', 'hello')`. Who is in
   * several rooms gets an event once.
   * @throws ConfigurationError for what is no text
   */
  to(...rooms: readonly string[]): Audience {
    return new Audience(this.rooms, {}).to(...rooms);
  }

  /** Selects all reachable clients of this server, but for the members of rooms, and single connections or sessions. */
  except(...excluded: readonly Excluded[]): Audience {
    return new Audience(this.rooms, {}).except(...excluded);
  }

  /**
   * Selects the sessions of a user on this server, for events and calls.
   * @throws ConfigurationError for what is no text
   */
  toUser(name: string): UserAudience {
    return new UserAudience(this.rooms, selectUsers({}, [name]));
  }

  /**
   * Serves other applications from now on. Connected clients stay with theirs until {@link updateConnectionsApi}.
   * @throws Error where a name and version occur twice
   */
  updateApplications(applications: ApplicationsOption): void {
    this.applicationTable = new Applications(applications, this.limits.maxVersionRangeLength);
  }

  /**
   * Moves each connected client to the newest application in the range that it asked for. A client that gave no range
   * moves within the major version that it has; a client that gave an exact version stays.
   */
  updateConnectionsApi(): void {
    for (const connection of this.getClients()) {
      const { application, session } = connection;
      if (!application) continue;
      const newer = this.applicationTable.findUpdate(application, session?.binding?.version);
      if (newer) connection.application = newer;
    }
  }

  /**
   * Ends all connections, and loses nothing that ends in time. Call it after {@link close}; a call while it runs waits for
   * the same end. What is under way gets `limits.drainTimeoutMs`.
   *
   * Sessions of a store that other servers share (see `SharedSessionStorageProvider`) go on there: clients hear that they
   * move. The others end with this server: clients that understand hear at once that it takes no new calls, which it refuses
   * with ERR_SERVER_CLOSING, and a connection ends when nothing is under way on it and what was sent has arrived.
   *
   * Then the signals of handlers that still run are aborted, and they get `limits.closeTimeoutMs` to end.
   * @example
   * server.close();
   * await server.drain();
   */
  drain(): Promise<void> {
    this.draining ??= this.drainAll().finally(() => {
      this.draining = undefined;
    });
    return this.draining;
  }

  private async drainAll(): Promise<void> {
    const { drainTimeoutMs, closeTimeoutMs } = this.options.limits;
    // Who has not logged in yet would only be sent away again.
    this.pendingPeers.clear();
    const staying = [...this.table].filter((connection) => !this.keeper.canMove(connection));
    const leaving = new Leaving(drainTimeoutMs, this.options.drainStreamCode);
    await Promise.all([this.keeper.drain(), leaving.run(staying)]);
    this.closeConnections();
    await lookUntil(() => this.inFlight.calls.amount === 0, now() + closeTimeoutMs);
  }

  /** Closes all connections, and gives up the sessions that wait here for their clients. */
  closeConnections(): void {
    for (const connection of this.getClientsArray()) connection.close();
    this.pendingPeers.clear();
    this.table.clear();
  }

  private createRooms(): Rooms {
    return new Rooms(this.table, this.limits, {
      changed: (connection) => {
        this.keeper.sessionChanged(connection);
      },
      joined: (...args) => {
        this.notifyOf(args[1], 'joined', ...args);
      },
      left: (...args) => {
        this.notifyOf(args[1], 'left', ...args);
      },
    });
  }

  private createReceiveMeter(budgets: BudgetWatch): ReceiveMeter {
    return new ReceiveMeter(receiveBufferBytesTotal(this.limits), () => {
      budgets.reached('maxReceiveBufferBytesTotal');
    });
  }

  private createMemoryGuard(): MemoryGuard {
    return new MemoryGuard(this.limits.maxMemoryBytes, {
      shedStrangers: () => this.pendingPeers.clear(),
      shedAnonymous: () => shedAnonymous(this.table, this.keeper),
      memoryExceeded: (shed) => {
        this.notify('memoryExceeded', shed);
      },
    });
  }

  private createDoor(): Door {
    return new Door(this.limits, {
      pending: this.pendingPeers,
      isMemoryExceeded: () => this.memoryGuard.isOver,
      connectionRefused: (refusal) => {
        this.notify('connectionRefused', refusal);
      },
    });
  }

  /** What the listener tells this server. */
  private createSink(door: Door): ListenerSink {
    return {
      admit: (address) => {
        const admission = door.admit(address);
        if (admission) this.meter?.admitted();
        return admission;
      },
      traffic: this.meter?.traffic,
      refuse: (by, address, error) => {
        door.refuse(by, address, error);
      },
      addPending: (socket, admission) => this.pendingPeers.add(socket, admission),
      removePending: (peer) => {
        this.pendingPeers.remove(peer);
      },
      accept: (transport, peer) => {
        this.accept(transport, peer);
      },
      forward: (event, args) => {
        this.forward(event, args);
      },
    };
  }

  private createBudgetWatch(): BudgetWatch {
    return new BudgetWatch(
      (by) => this.reachedBudget(by),
      (reached) => {
        this.notify('budgetReached', reached);
      },
    );
  }

  private reachedBudget(by: TotalLimit): ReachedBudget {
    const { callsInFlight, bytesInFlight, receiveBufferBytes, sendBufferBytes } = this.getUsage();
    const meters = {
      maxCallsInFlightTotal: callsInFlight,
      maxBytesInFlightTotal: bytesInFlight,
      maxSendBufferBytesTotal: sendBufferBytes,
      maxReceiveBufferBytesTotal: receiveBufferBytes,
    };
    return { by, ...meters[by] };
  }

  private createControl(details: CallDetails | undefined): ServerControl {
    const { table, inFlight } = this;
    return {
      clients: table,
      details,
      lastResort: LAST_RESORT,
      get journalBytes() {
        return table.all.meter.bytes;
      },
      get bytesInFlight() {
        return inFlight.bytes.amount;
      },
    };
  }

  /** What the connections ask of this server. */
  private createSide(): Server['side'] {
    const control = this[SERVER_CONTROL];
    return {
      server: this,
      limits: this.limits,
      journalCounterOf: (connection) => this.table.placeOf(connection),
      timeAccountOf,
      inFlight: this.inFlight,
      callMeter: this.meter?.calls,
      receiveMeter: this.receiveMeter,
      sendMeter: this.sendMeter,
      get lastResort() {
        return control.lastResort;
      },
      hasLogListeners: false,
      log: (connection, event, args) => {
        this.notifyOf(connection, 'log', connection, event, ...args);
      },
      decideHandshake: (connection, request) => {
        this.decideHandshake(connection, request);
      },
      mayInspect: ({ username }) => mayInspect(this.options, username),
      transportLost: (connection) => {
        this.transportLost(connection);
      },
      sessionOver: (connection, isFull) => {
        if (isFull && connection.session) this.handshakes.noteFull(connection.session.id);
        this.table.remove(connection, 'end');
        this.keeper.transportLost(connection);
      },
      sessionChanged: (connection) => {
        this.keeper.sessionChanged(connection);
      },
      connectionError: (error, connection) => this.connectionError(error, connection),
    };
  }

  private decideHandshake(connection: Connection, request: HandshakeRequest): void {
    const { application, strategy } = request;
    this.handshakes.decide(connection, request, this.applicationTable);
    this.notifyOf(connection, 'handshakeRequest', connection, application, strategy);
    this.notifyOf(connection, 'log', connection, 'handshakeRequest', application, strategy);
  }

  private transportLost(connection: Connection): void {
    this.pendingPeers.settle(connection);
    this.lifetimes.left(connection);
    this.handshakes.transportLost(connection);
    const wasConnected = this.table.connected.has(connection);
    // The table comes first: the keeper looks up whether the client is away.
    this.table.transportLost(connection);
    if (!wasConnected) return;
    this.keeper.transportLost(connection);
    this.notifyOf(connection, 'disconnect', connection);
  }

  private connectionError(error: unknown, connection: Connection): boolean {
    return this[SAFE_EMIT]('connectionError', [error, connection], this.lastResort);
  }

  private handshakeOutcome(): HandshakeOutcome {
    return {
      entered: (connection) => {
        this.keeper.entered(connection);
        this.rooms.arrived(connection);
        this.clientEntered(connection, 'connect');
      },
      resumed: (connection, session, application) => {
        this.notifyOf(connection, 'restoreSession', session, connection, application);
        this.clientEntered(connection, 'reconnect');
        this.rooms.arrived(connection);
      },
      moved: (newcomer) => {
        this.pendingPeers.settle(newcomer);
      },
      taken: (connection) => {
        this.taken(connection);
      },
      refused: (connection, refusal) => {
        this.notifyOf(connection, 'handshakeRefused', connection, refusal);
      },
    };
  }

  private accept(transport: Transport, peer?: PendingPeer): void {
    const { connection } = new Lifecycle(transport, this.side, null, this.limits);
    this.pendingPeers.connected(peer ?? this.pendingPeers.add(transport), connection);
  }

  private clientEntered(connection: Connection, event: 'connect' | 'reconnect'): void {
    this.pendingPeers.settle(connection);
    this.table.add(connection);
    this.lifetimes.entered(connection);
    const { heartbeatInterval } = this.options;
    if (heartbeatInterval) connection.startHeartbeat(heartbeatInterval);
    this.notifyOf(connection, event, connection);
  }

  private taken(connection: Connection): void {
    const { session } = connection;
    if (session) this.notifyOf(connection, 'sessionTaken', session, connection);
  }

  /** Reports a failure of a session store to this side's listeners. Why: the peer is not told of it. */
  private storeFailed(error: unknown, connection: Connection | undefined): void {
    if (connection && this.connectionError(error, connection)) return;
    const isHeard = this[SAFE_EMIT]('storageError', [error], this.lastResort);
    if (!isHeard)
      reportUnhandledError('error of a session store (listen for a server\'s "storageError")', error);
  }

  private get lastResort(): ErrorReporter {
    return this[SERVER_CONTROL].lastResort;
  }

  private notify<Name extends keyof ServerEvents>(
    name: Name,
    ...args: ArgumentsOf<ServerEvents, Name>
  ): boolean {
    return this[SAFE_EMIT](name, args, this.lastResort);
  }

  /** Emits an event about a connection. What a listener throws is reported as an error of that connection. */
  private notifyOf<Name extends keyof ServerEvents>(
    connection: Connection,
    name: Name,
    ...args: ArgumentsOf<ServerEvents, Name>
  ): void {
    this[SAFE_EMIT](name, args, controlOf(connection));
  }

  /** @internal Counts all events, which all pass by here. */
  override [SAFE_EMIT](name: string, args: readonly unknown[], reporter: ErrorReporter): boolean {
    this.meter?.note(name, args);
    return super[SAFE_EMIT](name, args, reporter);
  }

  private forward(event: string, args: readonly unknown[]): void {
    // The last transport is closed: the server owns no session any more.
    if (event === 'close') void this.keeper.stop();
    if (event === 'listening') this.memoryGuard.start();
    else if (event === 'close') this.memoryGuard.stop();
    if (event === 'listening' || event === 'close') this.notify(event);
    else if (event === 'connection') this.notify('connection', args[0]);
    // As Node does where nobody listens for 'error'. Why: a server that cannot listen must not seem to.
    else if (event === 'error' && !this.notify('error', args[0] as Error)) throw args[0];
  }

  /** @internal Returns what `JSON.stringify` shows: neither the sessions' ids nor the options. */
  toJSON(): object {
    return { listening: this.listening, clients: this.table.connected.size };
  }

  /** @internal Returns what Node prints, see {@link toJSON}. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectAsJson('Server', this, options, inspect);
  }
}
