import type { ApplicationLike } from '../application/application.js';
import { ERR_NOT_A_SERVER } from '../protocol/error-codes.js';
import { DRAIN_TEXT, formatBye, formatHandshakeError } from '../protocol/format-message.js';
import { JstpError } from '../protocol/jstp-error.js';
import { LimitError } from '../protocol/limit-error.js';
import { checkInterval, type Limits } from '../protocol/limits.js';
import { maskHandshakeOk } from '../protocol/mask-secrets.js';
import type { ByeReason, Message } from '../protocol/message.js';
import { checkHandshakeSize } from '../protocol/message-size.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { JOURNAL_FULL_INFO } from '../protocol/refusal-info.js';
import { LiveSession, NO_CALLS } from '../session/live-session.js';
import type { Session } from '../session/session.js';
import { isThenable, type Callback } from '../util/callback.js';
import { isSystemError } from '../util/errors.js';
import { LOG_EVENTS } from './log-events.js';
import { LAST_RESORT, reportRejection, SAFE_EMIT, type ArgumentsOf } from '../util/event-emitter.js';
import { reportUnhandledError } from '../util/host.js';
import { TimeAccount } from '../util/waiting-line.js';
import type { OutgoingCalls } from './calls/outgoing-calls.js';
import { handleMessage, type MessageOwner } from './channel/message-handlers.js';
import { SessionChannel, type ChannelOwner } from './channel/session-channel.js';
import type { SessionClass } from './client-parts.js';
import {
  createConnection,
  type AppSpecifier,
  type Connection,
  type ConnectionCore,
  type ConnectionEvents,
  type LogEvent,
} from './connection.js';
import { CONTROL, controlOf, type CallHeir } from './control.js';
import {
  NO_EXTENSIONS,
  toExtensions,
  type ExtensionName,
  type Extensions,
  type TransportTerms,
} from './extensions.js';
import { sessionFull, type ClientHandshake, type Entrance } from './handshake/client-handshake.js';
import type { Credentials } from './handshake/credentials.js';
import { shakeHands, type HandshakeOwner } from './handshake/shake-hands.js';
import { Heartbeat, type HeartbeatView } from './heartbeat.js';
import type { CallMeter } from './observing/call-meter.js';
import type { Redialer, RedialerOwner } from './reconnect/redialer.js';
import type { ResolvedClient } from './resolved-client.js';
import type { ReceiveMeter } from './receive-meter.js';
import type { SendMeter } from './send-meter.js';
import type { ServerSide } from './server-side.js';
import { CLOSED, HANDSHAKING, NEW, OFFLINE, OPEN, type ConnectionState } from './state.js';
import { TERMINATIONS, type TerminationReason } from './termination.js';
import type { Dialer, Transport } from './transport.js';
import { Wire, type WireOwner } from './wire.js';

/**
 * The machine behind a {@link Connection}: its states, the handshakes of both sides, the session's moves from one
 * transport or connection to another, and the ends. It owns the parts that do the rest, and reports for them.
 */
export class Lifecycle
  implements
    ConnectionCore,
    WireOwner,
    ChannelOwner,
    MessageOwner,
    HandshakeOwner,
    HeartbeatView,
    RedialerOwner
{
  /** The public object. */
  readonly connection: Connection;
  readonly wire: Wire;
  session: Session<Connection> | null = null;
  application: ApplicationLike<Connection> | null = null;
  username: string | null = null;
  extensions: Extensions = NO_EXTENSIONS;
  closedIntentionally = false;
  isSessionOver = false;
  /** Brings a client's connection back; undefined on a server's side. */
  redialer: Redialer | undefined;
  private currentState: ConnectionState = NEW;
  /** A client's request that waits for its answer. */
  private handshake: ClientHandshake | undefined;
  // Made with the first message: most connections of a server are idle.
  private openedChannel: SessionChannel | undefined;
  private heartbeat: Heartbeat | undefined;
  /** Kept while the transport is lost, for the next one. */
  private heartbeatInterval: number | undefined;
  // Set when it is first needed: a field costs every idle connection 8 bytes.
  /** Whether the peer has said why the present transport ends. */
  private hasHeardBye: boolean | undefined;
  /** Whether anybody listens for the log events of the connection. Why kept: each message asks several times. */
  private hasLogListeners: boolean | undefined;

  /**
   * @param transport the first transport
   * @param serverSide the server, on its side; null on a client's
   * @param settings the client's options with their defaults; null on a server's side
   * @param limits the caps and timeouts in force
   */
  constructor(
    transport: Transport,
    readonly serverSide: ServerSide | null,
    readonly settings: ResolvedClient | null,
    readonly limits: Limits,
  ) {
    this.connection = createConnection(this);
    this.wire = new Wire(this);
    this.attach(transport);
  }

  get state(): ConnectionState {
    return this.currentState;
  }

  get isOpen(): boolean {
    return this.currentState === OPEN;
  }

  /** Whether no call and no event of either side is under way. */
  get isIdle(): boolean {
    const channel = this.openedChannel;
    return !channel || (channel.receivedCalls.size === 0 && channel.outgoingCalls.size === 0);
  }

  get isCrowded(): boolean {
    return this.serverSide?.inFlight.bytes.isCrowded === true;
  }

  get isClosed(): boolean {
    return this.currentState === CLOSED;
  }

  get callMeter(): CallMeter | undefined {
    return this.serverSide ? this.serverSide.callMeter : this.settings?.client.callMeter;
  }

  get servedCount(): number {
    return this.openedChannel?.receivedCalls.size ?? 0;
  }

  get channel(): SessionChannel {
    return (this.openedChannel ??= new SessionChannel(this));
  }

  /** The one place where the state changes. */
  setState(state: ConnectionState): void {
    this.currentState = state;
  }

  // Transports

  /** Uses a fresh transport; the handshake comes next. */
  attach(transport: Transport): void {
    this.setState(NEW);
    if (this.hasHeardBye) this.hasHeardBye = false;
    this.closedIntentionally = false;
    // Where answers are not kept, those to calls of the old transport would not be awaited any more.
    if (!this.keepsAnswers) this.openedChannel?.cancelServed();
    this.wire.attach(transport);
  }

  detach(): Transport | null {
    const transport = this.wire.detach();
    // A request of the old transport is not waited for on the new one.
    this.abandonHandshake();
    return transport;
  }

  get receiveMeter(): ReceiveMeter | undefined {
    return this.serverSide?.receiveMeter;
  }

  get SessionClass(): SessionClass {
    return this.settings?.parts.SessionClass ?? LiveSession;
  }

  timeAccountOf(address: string | undefined): TimeAccount {
    return (this.serverSide ?? this.settings?.parts)?.timeAccountOf(address) ?? new TimeAccount();
  }

  get sendMeter(): SendMeter | undefined {
    return this.serverSide?.sendMeter;
  }

  congestionChanged(): void {
    if (this.isOpen) this.openedChannel?.congestionChanged();
  }

  transportLost(error: Error | undefined): void {
    // A transport that breaks is the network's everyday life: only those who listen are told.
    if (error) this.tell(error);
    this.endHeartbeat();
    if (!this.keepsAnswers) this.openedChannel?.cancelServed();
    this.abandonHandshake();
    if (this.isOpen) this.openedChannel?.noteCut();
    if (!this.isClosed) this.setState(this.session ? OFFLINE : CLOSED);
    this.announce('close', this.connection);
    this.serverSide?.transportLost(this.connection);
    this.redialer?.transportLost();
  }

  // Messages

  get keepsAnswers(): boolean {
    return this.extensions.resume;
  }

  get mayBeInspected(): boolean {
    return this.serverSide?.mayInspect(this.connection) ?? true;
  }

  isIgnored(error: unknown): boolean {
    const kind = error instanceof ProtocolError ? error.kind : undefined;
    switch (kind) {
      case 'stream':
      case 'source':
      case 'cancel':
      case 'bye':
        return this.isOpen && !this.extensions[kind];
      default:
        return false;
    }
  }

  handle(message: Message, bytes: number): boolean {
    const { handshake, serverSide } = this;
    switch (message.kind) {
      case 'handshakeResponse':
        if (!handshake) break;
        this.log('handshake', message.error, maskHandshakeOk(message.ok));
        this.handshake = undefined;
        handshake.answer(message);
        return true;
      case 'handshakeRequest':
        if (serverSide && this.currentState === NEW) {
          serverSide.decideHandshake(this.connection, message);
          return true;
        }
        // In an open session it is a second handshake, which has no answer.
        if (!serverSide && !this.isOpen) this.wire.write(formatHandshakeError(1, [ERR_NOT_A_SERVER]));
        break;
      default:
        if (this.isOpen) return handleMessage(this, message, bytes);
    }
    // All else comes too early or twice: nothing that follows is read.
    this.wire.end();
    // A policy that is still deciding must not let in a peer that has broken the protocol meanwhile.
    if (serverSide && this.currentState === HANDSHAKING) this.setState(CLOSED);
    return false;
  }

  shakeHands(
    app: AppSpecifier,
    credentials: Credentials<Connection>,
    callback: Callback<[session?: Session<Connection>]>,
  ): void {
    shakeHands(this, app, credentials, callback);
  }

  // Heartbeat

  admitsPing(): boolean {
    if (this.channel.activity.admitsPing(this.limits.maxPingBurst)) return true;
    const most = `limits.maxPingBurst, ${this.limits.maxPingBurst}`;
    this.wire.fail(
      new LimitError('maxPingBurst', `More pings in a short time than ${most}, and nothing else`),
    );
    return false;
  }

  startHeartbeat(intervalMs: number): void {
    checkInterval('heartbeatInterval', intervalMs);
    this.endHeartbeat();
    this.heartbeatInterval = intervalMs;
    this.heartbeat = new Heartbeat(this, intervalMs, this.limits.heartbeatTimeoutMs);
  }

  stopHeartbeat(): void {
    this.endHeartbeat();
    this.heartbeatInterval = undefined;
  }

  /** Ends the pings of the present transport. Why the object goes, too: the connection may be away for long. */
  private endHeartbeat(): void {
    this.heartbeat?.stop();
    this.heartbeat = undefined;
  }

  peerHeard(): void {
    this.heartbeat?.heard();
  }

  // Handshakes of a client

  get offeredExtensions(): readonly ExtensionName[] {
    return this.settings?.extensions ?? [];
  }

  awaitAnswer(handshake: ClientHandshake, offered: readonly ExtensionName[]): void {
    // First: a `toJSON` of the credentials may not begin another one.
    this.setState(HANDSHAKING);
    const request = handshake.format(offered, this.limits.maxMessageBytes);
    checkHandshakeSize(request, this.limits);
    this.handshake = handshake;
    this.wire.write(request);
  }

  enterSession({ session, receivedCount, terms }: Entrance): void {
    if (session !== this.session) this.leaveSession();
    this.openSession({
      session,
      application: this.settings?.application ?? null,
      receivedCount,
      terms,
    });
    const unsent = this.openedChannel?.outbox.takeUnsent();
    if (unsent) this.channel.sendUnsent(unsent);
  }

  handshakeFailed(error: unknown, resumed: Session<Connection> | undefined, isAnswered: boolean): void {
    const wasRefused = isAnswered && this.wire.transport !== null;
    const isLost =
      wasRefused && resumed !== undefined && this.redialer?.resumeRefused(error, resumed) === true;
    const waits = isLost && this.redialer?.isComingBack === true;
    // A session that the server refuses is gone; one whose handshake was cut off is not.
    if (waits) this.openedChannel?.loseWritten();
    else if (wasRefused) this.leaveSession();
    this.wire.end();
    if (waits) this.setState(OFFLINE);
    else if (wasRefused || !this.session) this.setState(CLOSED);
    if (isLost) this.announce('sessionLost', resumed);
  }

  private abandonHandshake(): void {
    const { handshake } = this;
    if (!handshake) return;
    this.handshake = undefined;
    handshake.abandon();
  }

  // Sessions

  /** Opens the transport for messages: a server's answer goes out first, then what the peer has missed. */
  openSession({ session, application, receivedCount, terms }: Opening, answer?: string): void {
    const previous = session.connection;
    this.session = session;
    session.connection = this.connection;
    this.username = session.username;
    this.application = application;
    this.extensions = toExtensions(session.binding?.extensions ?? [], terms);
    if (answer !== undefined) this.wire.write(answer);
    this.inherit(session, previous);
    this.setState(OPEN);
    this.wire.opened();
    if (this.heartbeatInterval) this.startHeartbeat(this.heartbeatInterval);
    if (receivedCount !== undefined) this.channel.replay(receivedCount);
    const channel = this.serverSide?.inFlight.abandoned.isCrowded ? this.channel : this.openedChannel;
    channel?.opened();
  }

  /** Takes over from the connection that had the session before, in this process or in another. */
  private inherit(session: Session<Connection>, previous: Connection | null): void {
    const unanswered = previous ? [] : [...session.serving];
    session.serving = NO_CALLS;
    this.openedChannel?.adopt(session);
    if (previous && previous !== this.connection) controlOf(previous).passSessionTo(this);
    if (unanswered.length > 0) this.channel.loseAnswers(unanswered);
  }

  passSessionTo(heir: CallHeir): void {
    this.redialer?.stop();
    // The peer may have said so already, and a connection that was closed need not be told.
    const isNews = !this.serverSide && !this.isClosed && !this.hasHeardBye;
    // Calls of a transport that is up fail, as they do where a stranger takes the session.
    if (!this.isOpen && this.openedChannel) heir.adoptCalls(this.openedChannel.outgoingCalls);
    this.end('taken');
    if (isNews) this.announce('bye', 'taken');
  }

  adoptCalls(calls: OutgoingCalls): void {
    this.channel.outgoingCalls.adopt(calls, this.channel);
  }

  /** A client's session is lost, and with it what was sent in it. */
  private leaveSession(): void {
    this.openedChannel?.loseSession();
    this.releaseSession();
    this.isSessionOver = false;
  }

  /** A provider or another connection may keep the session for long; this one need not stay with it. */
  private releaseSession(): void {
    const { session } = this;
    if (session?.connection !== this.connection) return;
    this.openedChannel?.releaseJournal();
    session.connection = null;
    session.serving = NO_CALLS;
  }

  redial(dialer: Dialer, args: readonly unknown[], callback: Callback): void {
    if (this.redialer) this.redialer.redial(dialer, args, callback);
    else callback(new TypeError('Only a connection that was made by connect() can be reconnected'));
  }

  // Ends

  close(): void {
    this.closedIntentionally = true;
    this.redialer?.stop();
    this.end('closed');
  }

  /** The one way to end; {@link TERMINATIONS} tells what each reason means. */
  end(reason: TerminationReason): void {
    const { bye, saidBy, releasesSession } = TERMINATIONS[reason];
    // Before the bye, as long as the peer listens; the gate first, as what it holds was never begun.
    if (releasesSession) this.openedChannel?.closeGate();
    if (releasesSession) this.openedChannel?.dropServed();
    else if (reason === 'closed') this.openedChannel?.flush();
    if (bye && (saidBy === 'both' || this.serverSide)) this.sayBye(bye);
    // After the bye: a listener that sees it go out may make the first call.
    const { openedChannel } = this;
    this.setState(CLOSED);
    this.endHeartbeat();
    this.wire.end();
    openedChannel?.dropServed();
    openedChannel?.stop();
    this.abandonHandshake();
    if (releasesSession) this.releaseSession();
    openedChannel?.loseCalls();
  }

  endSession(error?: Error, info?: string): void {
    if (this.isSessionOver) return;
    this.sayBye('close', info);
    this.isSessionOver = true;
    this.end('abandoned');
    this.session?.journal.giveUp();
    this.serverSide?.sessionOver(this.connection, info === JOURNAL_FULL_INFO);
    if (error) this.tell(error);
  }

  peerSaidBye(reason: ByeReason, info: string | undefined): void {
    this.hasHeardBye = true;
    if (reason === 'close') this.isSessionOver = true;
    if (info === JOURNAL_FULL_INFO) this.tell(sessionFull());
    this.announce('bye', reason);
    this.redialer?.peerSaidBye(reason);
    // Now: a listener that was just told may have made the first call.
    const { openedChannel } = this;
    if (reason !== 'moved') openedChannel?.outgoingCalls.loseAll();
    if (reason !== 'moved' || !this.keepsAnswers) openedChannel?.cancelServed();
    if (this.wire.transport) this.wire.end();
    else if (this.isSessionOver) this.serverSide?.sessionOver(this.connection, false);
  }

  peerDrains(): boolean {
    if (this.serverSide) return false;
    this.announce('drain');
    return true;
  }

  /** Tells the client that its new calls are refused here from now on. */
  sayDrain(): void {
    if (this.isOpen && this.extensions.bye) this.wire.write(DRAIN_TEXT);
  }

  sayBye(reason: ByeReason, info?: string): void {
    if (!this.isOpen || !this.extensions.bye) return;
    // Not through the gate: the transport ends with it.
    this.wire.write(formatBye(reason, info));
    if (reason === 'close') this.isSessionOver = true;
  }

  // Reports

  isLogged(event: LogEvent): boolean {
    return (
      this.settings?.logger !== undefined ||
      (this.hasLogListeners === true && this.connection.listenerCount(event) > 0) ||
      (this.serverSide?.hasLogListeners ?? false)
    );
  }

  listenersChanged(): void {
    this.hasLogListeners = LOG_EVENTS.some((event) => this.connection.listenerCount(event) > 0);
  }

  log<Event extends LogEvent>(event: Event, ...args: ArgumentsOf<ConnectionEvents, Event>): void {
    const logger = this.settings?.logger;
    if (logger) this.guard(() => logger.emit(event, ...args));
    else this.connection[SAFE_EMIT](event, args, this);
    if (this.serverSide?.hasLogListeners) this.serverSide.log(this.connection, event, args);
  }

  announce<Event extends keyof ConnectionEvents>(
    event: Event,
    ...args: ArgumentsOf<ConnectionEvents, Event>
  ): void {
    this.connection[SAFE_EMIT](event, args, this);
  }

  tell(error: unknown): boolean {
    const { connection, serverSide } = this;
    const isHeard = connection[SAFE_EMIT](
      'error',
      [error, connection],
      serverSide?.lastResort ?? LAST_RESORT,
    );
    const isHeardByServer = serverSide?.connectionError(error, connection) ?? false;
    return isHeard || isHeardByServer;
  }

  guard(run: () => unknown): void {
    try {
      const outcome = run();
      if (isThenable(outcome)) reportRejection(outcome, this);
    } catch (error) {
      this.reportError(error);
    }
  }

  reportError(error: unknown): void {
    const shown = isSystemError(error) ? ofTheApplication(error) : error;
    if (!this.tell(shown))
      reportUnhandledError('error in an application (listen for a connection\'s "error")', shown);
  }
}

/** A session that opens on a connection. */
export interface Opening {
  readonly session: Session<Connection>;
  /** What this side offers to the peer. */
  readonly application: ApplicationLike<Connection> | null;
  /** What the peer has received, where it resumes; undefined for a new session. */
  readonly receivedCount?: number | undefined;
  /** What the handshake has agreed on for the transport. */
  readonly terms: TransportTerms;
}

/**
 * The machine behind a connection.
 *
 * Invariant: nothing else makes connections, so that every control is one.
 */
export function lifecycleOf(connection: Connection): Lifecycle {
  return connection[CONTROL] as Lifecycle;
}

/** A file's or another socket's error must not look like an error of this connection. */
function ofTheApplication(error: Error): JstpError {
  return new JstpError('ERR_JSTP_APPLICATION', `A system error in the application: ${error.message}`, {
    cause: error,
  });
}
