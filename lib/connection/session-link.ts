import type { ApplicationLike } from '../application/application.js';
import { ERR_JOURNAL_FULL, ERR_NOT_A_SERVER } from '../protocol/error-codes.js';
import { formatBye, formatHandshakeError, formatHandshakeOk } from '../protocol/format-message.js';
import { checkInterval, type Limits } from '../protocol/limits.js';
import { maskHandshakeOk } from '../protocol/mask-secrets.js';
import type { ByeReason, Message } from '../protocol/message.js';
import { RemoteError } from '../protocol/remote-error.js';
import { NO_CALLS, type Session } from '../session/session.js';
import { LAST_RESORT, SAFE_EMIT } from '../util/event-emitter.js';
import { JOURNAL_FULL_INFO, sessionFull, type ClientHandshake } from './handshake/client-handshake.js';
import type { ClientOptions, ResolvedClient } from './client-options.js';
import type { Connection } from './connection.js';
import { CLOSED, OFFLINE, OPEN } from './connection-state.js';
import { toExtensions, toOffer, type ExtensionName } from './extensions.js';
import { Heartbeat } from './heartbeat.js';
import { handleMessage } from './message-handlers.js';
import type { Redialer } from './reconnect/reconnector.js';
import type { ServerSide } from './server-side.js';
import { FINISHING, SessionFlow } from './session-flow.js';
import type { Transport } from './transport.js';

let connectionCount = 0;

/**
 * Who is at the other end of a connection: handshakes of both sides, the session's moves from link to link,
 * the ends. What can be said over it is {@link Connection}'s.
 */
export abstract class SessionLink extends SessionFlow {
  /** Counts the connections of this process. */
  readonly id = connectionCount++;
  /** Who logged in; null: anonymous, or not yet. */
  username: string | null = null;
  /** Whether `close` was called. */
  closedIntentionally = false;
  /** @internal Dials again; undefined on a server's side. */
  redialer: Redialer | undefined;
  private heartbeat: Heartbeat | undefined;
  /** Whether the peer has said why the present link ends. */
  private hasHeardBye = false;
  private heartbeatInterval: number | undefined;

  /**
   * @param transport the link
   * @param server the server, on its side; null on a client's
   * @param settings the client's options with their defaults; null on a server's side
   * @param client the client argument as the user gave it
   * @param limits the caps and timeouts in force
   */
  constructor(
    transport: Transport,
    server: ServerSide | null,
    private readonly settings: ResolvedClient | null,
    readonly client: ClientOptions | null,
    limits: Limits,
  ) {
    super(server, limits, settings?.logger);
    this.attach(transport);
  }

  /** @internal What a client offers. */
  get offeredExtensions(): readonly ExtensionName[] {
    return this.settings?.extensions ?? [];
  }

  /**
   * Pings the peer at an interval; one that does not answer in time (`limits.heartbeatTimeoutMs`) is cut off.
   * @throws ConfigurationError for an interval that is no positive number of milliseconds
   */
  startHeartbeat(intervalMs: number): void {
    checkInterval('heartbeatInterval', intervalMs);
    this.heartbeat?.stop();
    this.heartbeatInterval = intervalMs;
    this.heartbeat = new Heartbeat(this, intervalMs, this.limits.heartbeatTimeoutMs);
  }

  /** @internal The peer has answered the heartbeat's ping. */
  lineHeard(): void {
    this.heartbeat?.heard();
  }

  /** Ends the pings. */
  stopHeartbeat(): void {
    this.heartbeat?.stop();
    this.heartbeat = undefined;
    this.heartbeatInterval = undefined;
  }

  /** Ends the connection on purpose: calls under way fail with -1, nothing is dialled again. */
  close(): void {
    this.closedIntentionally = true;
    this.redialer?.stop();
    this.end('close');
  }

  /** @internal Ends the connection for good. */
  end(reason: ByeReason | undefined): void {
    if (reason) this.sayBye(reason);
    const { state } = this;
    this.setState(CLOSED);
    this.heartbeat?.stop();
    this.endTransport();
    this.dropServing();
    this.outbox.stop();
    if (state.name === 'handshaking') state.handshake?.abandon();
    if (this.mayReturn) this.outbox.calls.loseUnlessResendable();
    else this.outbox.calls.loseAll();
  }

  /** @internal The session cannot go on: more waits for the peer than may. */
  overflow(error = journalFull()): void {
    this.endSession(error, JOURNAL_FULL_INFO);
  }

  /**
   * @internal The session cannot go on.
   * @param error why, for this side's log
   * @param info what the peer is told of the reason
   */
  endSession(error: Error, info?: string): void {
    if (this.isSessionOver) return;
    this.sayBye('close', info);
    this.isSessionOver = true;
    this.end(undefined);
    this.journal?.giveUp();
    this.server?.sessionOver(this.self, info === JOURNAL_FULL_INFO);
    this.tell(error);
  }

  /**
   * @internal The session goes on with another connection of this process. It gets the calls that wait for the line
   * to come back; those of a line that is up fail, as they do where a stranger takes the session.
   */
  passSessionTo(heir: SessionLink): void {
    this.redialer?.stop();
    // The peer may have said so already, and who has closed a connection need not be told.
    const isNews = !this.server && !this.isClosed && !this.hasHeardBye;
    if (!this.isOpen) heir.outbox.calls.adopt(this.outbox.calls);
    this.leave('taken');
    if (isNews) this.announce('bye', 'taken');
  }

  /** @internal The session goes on without this connection. A client is told why. */
  leave(reason: 'moved' | 'taken'): void {
    this.closeGate();
    this.dropServing();
    if (this.server) this.sayBye(reason);
    this.heartbeat?.stop();
    this.outbox.stop();
    this.setState(CLOSED);
    this.endTransport();
    this.outbox.calls.loseAll();
    this.releaseSession();
  }

  /**
   * @internal As a server: starts nothing new, and waits until what is being served is answered. What serves that is
   * still read.
   * @param timeoutMs how long calls may take
   * @param storeTimeoutMs how long a store may take before which nothing goes on
   * @param streamCode ends streams that have no end yet; undefined: they get the time of calls
   */
  async finishServing(timeoutMs: number, storeTimeoutMs: number, streamCode?: number): Promise<void> {
    this.holds |= FINISHING;
    if (streamCode !== undefined) this.callsSoFar?.endStreams(streamCode);
    this.balanceReading();
    const isStored = await this.gateIdle(storeTimeoutMs);
    // Of a store that is away nothing is to be expected that would be worth a wait for calls.
    if (!isStored || !this.isLeaving()) return;
    await this.callsSoFar?.idle(timeoutMs);
    await this.gateIdle(storeTimeoutMs);
  }

  private isLeaving(): boolean {
    return (this.holds & FINISHING) !== 0;
  }

  /** @internal As a server: the session does not leave after all. */
  goOnServing(): void {
    this.holds &= ~FINISHING;
    this.endGateWait();
    this.callsSoFar?.endWait();
    this.balanceReading();
  }

  /** @internal The peer ends on purpose. */
  peerSaidBye(reason: ByeReason, info?: string): void {
    this.hasHeardBye = true;
    if (reason === 'close') this.isSessionOver = true;
    if (info === JOURNAL_FULL_INFO) this.tell(sessionFull());
    this.announce('bye', reason);
    this.redialer?.peerSaidBye(reason);
    if (reason !== 'moved') this.outbox.calls.loseAll();
    if (reason !== 'moved' || !this.keepsAnswers) this.callsSoFar?.cancelAll();
    if (this.transport) this.endTransport();
    else if (this.isSessionOver) this.server?.sessionOver(this.self, false);
  }

  /** @internal As a server: another link gets the session; the present one, if there is one, is told and ended. */
  leaveLink(reason: ByeReason): void {
    this.sayBye(reason);
    this.detach()?.end();
  }

  /** @internal As a server: the policy is deciding, nothing else may arrive. */
  awaitDecision(): void {
    this.setState({ name: 'handshaking', handshake: undefined });
  }

  /**
   * @internal As a server: a client is in, or back on a new link.
   * @param receivedCount what the client has received, where it is back
   * @param save stores the session, where each step is to be stored before it is acted on
   */
  acceptSession(
    session: Session<Connection>,
    application: ApplicationLike<Connection>,
    receivedCount?: number,
    save?: () => Promise<void>,
    peerMaxBytes?: number,
  ): void {
    // What waits to be stored may still be given up: the client must keep it.
    const isKept = session === this.session && this.keepsAnswers;
    const count = isKept ? this.actedCount : session.receivedCount;
    const ok = receivedCount === undefined ? session.id : count;
    // A limit is told to who has told one: others may not expect it there.
    const maxBytes = peerMaxBytes === undefined ? undefined : this.limits.maxMessageBytes;
    const answer = formatHandshakeOk(0, ok, toOffer(session.binding?.extensions ?? [], maxBytes));
    if (save) this.openGate(save);
    this.openSession(session, application, receivedCount, peerMaxBytes, answer);
    this.announce('client', session, this.self);
  }

  /** @internal As a server: refuses a handshake. Nothing that follows is read. */
  refuse(error: unknown): void {
    if (!this.transport) return;
    this.write(formatHandshakeError(0, RemoteError.getJstpArrayFor(error)));
    this.end(undefined);
  }

  /** @internal The session cannot come back: whoever waits is told. */
  expire(): void {
    this.setState(CLOSED);
    this.dropServing();
    this.outbox.stop();
    this.outbox.calls.loseAll();
    this.releaseSession();
  }

  override attach(transport: Transport): void {
    super.attach(transport);
    this.hasHeardBye = false;
    this.closedIntentionally = false;
    // Where answers are not kept, those to calls of the old link would not be awaited any more.
    if (!this.keepsAnswers) this.callsSoFar?.cancelAll();
  }

  override detach(): Transport | null {
    const { state } = this;
    const transport = super.detach();
    // A request of the old link is not waited for on the new one.
    if (state.name === 'handshaking') state.handshake?.abandon();
    return transport;
  }

  protected handle(message: Message): boolean {
    const { state } = this;
    if (state.name === 'open') {
      const isSecondHandshake = message.kind === 'handshakeRequest' || message.kind === 'handshakeResponse';
      if (!isSecondHandshake) return handleMessage(this.self, message);
    } else if (message.kind === 'handshakeResponse' && state.name === 'handshaking' && state.handshake) {
      this.log('handshake', message.error, maskHandshakeOk(message.ok));
      state.handshake.answer(message);
      return true;
    } else if (message.kind === 'handshakeRequest' && state.name === 'new' && this.server) {
      this.server.decideHandshake(this.self, message);
      return true;
    } else if (message.kind === 'handshakeRequest' && !this.server) {
      this.write(formatHandshakeError(1, [ERR_NOT_A_SERVER]));
    }
    // Whatever else comes before, or during, or twice: the end, and nothing that follows is read.
    this.endTransport();
    // A policy that is still deciding must not let in who has broken the protocol meanwhile.
    if (this.server && state.name === 'handshaking') this.setState(CLOSED);
    return false;
  }

  protected lost(): void {
    const { state } = this;
    this.heartbeat?.stop();
    if (!this.keepsAnswers) this.callsSoFar?.cancelAll();
    if (state.name === 'handshaking') state.handshake?.abandon();
    if (state.name === 'open') this.noteCut();
    if (state.name !== 'closed') this.setState(this.session ? OFFLINE : CLOSED);
    this.announce('close', this.self);
    this.server?.linkLost(this.self);
    this.redialer?.linkLost();
  }

  protected tell(error: unknown): boolean {
    const isHeard = this[SAFE_EMIT]('error', [error, this.self], this.server?.lastResort ?? LAST_RESORT);
    const isHeardByServer = this.server?.connectionError(error, this.self) ?? false;
    return isHeard || isHeardByServer;
  }

  private sayBye(reason: ByeReason, info?: string): void {
    if (!this.isOpen || !this.extensions.bye) return;
    // At once: the link ends with it.
    this.writeNow(formatBye(reason, info));
    if (reason === 'close') this.isSessionOver = true;
  }

  /** @internal As a client: the request is out. */
  awaitAnswer(handshake: ClientHandshake, offered: readonly ExtensionName[]): void {
    const request = handshake.format(offered, this.limits.maxMessageBytes);
    this.setState({ name: 'handshaking', handshake });
    this.write(request);
  }

  /** @internal As a client: the server has let it in. */
  enterSession(
    session: Session<Connection>,
    receivedCount: number | undefined,
    peerMaxBytes: number | undefined,
  ): void {
    if (session !== this.session) this.forgetFlow();
    this.openSession(session, this.settings?.application ?? null, receivedCount, peerMaxBytes);
    this.self.sendUnsent(this.outbox.takeUnsent());
  }

  /** @internal As a client: the server has not let it in, or the link ended before. */
  handshakeFailed(error: unknown, resumed: Session<Connection> | undefined, isAnswered: boolean): void {
    const wasRefused = isAnswered && this.transport !== null;
    const isLost =
      wasRefused && resumed !== undefined && this.redialer?.resumeRefused(error, resumed) === true;
    const waits = isLost && this.redialer?.isComingBack === true;
    // A session that the server refuses is gone; one whose handshake was cut off is not.
    if (waits) this.loseWritten();
    else if (wasRefused) this.forgetFlow();
    this.endTransport();
    if (waits) this.setState(OFFLINE);
    else if (wasRefused || !this.session) this.setState(CLOSED);
    if (isLost) this.announce('sessionLost', resumed);
  }

  /** Opens the link for messages: a server's answer goes out first, then what the peer has missed. */
  private openSession(
    session: Session<Connection>,
    application: ApplicationLike<Connection> | null,
    receivedCount: number | undefined,
    peerMaxBytes: number | undefined,
    answer?: string,
  ): void {
    const previous = session.connection;
    this.session = session;
    session.connection = this.self;
    this.username = session.username;
    this.application = application;
    this.extensions = toExtensions(session.binding?.extensions ?? [], peerMaxBytes);
    if (answer !== undefined) this.write(answer);
    this.inherit(session, previous);
    this.setState(OPEN);
    if (this.heartbeatInterval) this.startHeartbeat(this.heartbeatInterval);
    if (this.isHoldingReading) this.balanceReading();
    if (receivedCount === undefined) return;
    this.replay(receivedCount);
  }

  /** Takes over from the connection that had the session before, in this process or in another. */
  private inherit(session: Session<Connection>, previous: Connection | null): void {
    const unanswered = previous ? [] : [...session.serving];
    session.serving = this.callsSoFar ?? NO_CALLS;
    if (previous !== this.self) previous?.passSessionTo(this);
    this.answerLost(unanswered);
  }
}

function journalFull(): RemoteError {
  return new RemoteError(
    ERR_JOURNAL_FULL,
    'A session has ended: more waits in it than limits.journalMaxBytes or journalMaxEntries allow',
  );
}
