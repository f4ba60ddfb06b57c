import type { ApplicationLike } from '../application/application.js';
import { ERR_CALLBACK_LOST, ERR_JOURNAL_FULL, ERR_NOT_A_SERVER } from '../protocol/error-codes.js';
import {
  formatBye,
  formatCallbackError,
  formatHandshakeError,
  formatHandshakeOk,
} from '../protocol/format-message.js';
import { checkInterval, type Limits } from '../protocol/limits.js';
import type { ByeReason, Message } from '../protocol/message.js';
import { RemoteError } from '../protocol/remote-error.js';
import type { Journal } from '../session/journal.js';
import type { Session } from '../session/session.js';
import type { ClientHandshake } from './client-handshake.js';
import type { ClientOptions, ResolvedClient } from './client-options.js';
import type { Connection } from './connection.js';
import { NO_EXTENSIONS, toExtensions, toOffer, type ExtensionName, type Extensions } from './extensions.js';
import { Heartbeat } from './heartbeat.js';
import { Link } from './link.js';
import { handleMessage } from './message-handlers.js';
import { Outbox } from './outbox.js';
import { ReceivedCalls } from './received-calls.js';
import type { Redialer } from './redialer.js';
import type { ServerSide } from './server-side.js';
import type { Transport } from './transport.js';

let connectionCount = 0;

/**
 * The middle of a connection: who is at the other end. Handshakes of both sides, the session's moves from
 * link to link, the ends. What can be said over it is {@link Connection}'s.
 */
export abstract class SessionLink extends Link {
  /** Counts the connections of this process. */
  readonly id = connectionCount++;
  /** Who logged in; null: anonymous, or not yet. */
  username: string | null = null;
  /** The session; null before the handshake. */
  session: Session<Connection> | null = null;
  /** What this side offers to the other: on a server's side what the client asked for, once its handshake is done. */
  application: ApplicationLike<Connection> | null = null;
  /** Whether `close` was called. */
  closedIntentionally = false;
  /** @internal Whether one side has said that the session ends with this connection. */
  isSessionOver = false;
  /** What both sides agreed on. */
  extensions: Extensions = NO_EXTENSIONS;
  /** @internal Dials again; undefined on a server's side. */
  redialer: Redialer | undefined;
  /** @internal What is sent with a number. */
  readonly outbox: Outbox;
  /** @internal What the peer calls. */
  readonly receivedCalls: ReceivedCalls;
  private heartbeat: Heartbeat | undefined;
  private heartbeatInterval: number | undefined;
  private afterResume: string[] = [];

  /**
   * @param transport the link
   * @param server the server, on its side; null on a client's
   * @param settings the client's options with their defaults; null on a server's side
   * @param client the client argument as the user gave it
   * @param limits the caps and timeouts in force
   */
  constructor(
    transport: Transport,
    readonly server: ServerSide | null,
    private readonly settings: ResolvedClient | null,
    readonly client: ClientOptions | null,
    limits: Limits,
  ) {
    super(limits, settings?.logger);
    this.outbox = new Outbox(this, server ? -1 : 1, limits);
    this.receivedCalls = new ReceivedCalls(this.self, this, limits.maxCallsInFlight);
    this.attach(transport);
  }

  /** This object as the whole that it is part of: nothing but Connection extends this class. */
  protected get self(): Connection {
    return this as unknown as Connection;
  }

  /** @internal What a client offers. */
  get offeredExtensions(): readonly ExtensionName[] {
    return this.settings?.extensions ?? [];
  }

  /** @internal The session's journal. */
  get journal(): Journal | undefined {
    return this.session?.journal;
  }

  /** @internal Whether so many calls are being served that nothing is read. */
  get isHoldingReading(): boolean {
    return this.receivedCalls.isHolding;
  }

  /** @internal Whether answers survive a cut. */
  get keepsAnswers(): boolean {
    return this.extensions.resume;
  }

  /** @internal Whether a client is away, whom others go on sending to. */
  get isPeerAway(): boolean {
    return this.server !== null && !this.isOpen;
  }

  /** @internal Whether the peer takes any name. */
  get allowsAnyName(): boolean {
    return this.extensions.nest;
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
    this.setState({ name: 'closed' });
    this.heartbeat?.stop();
    this.outbox.stop();
    this.transport?.end();
    this.dropServing();
    if (state.name === 'handshaking') state.handshake?.abandon();
    this.outbox.calls.loseAll();
  }

  /** @internal The session cannot go on: more waits for the peer than may. */
  overflow(): void {
    if (this.isSessionOver) return;
    this.isSessionOver = true;
    this.end('close');
    this.journal?.giveUp();
    this.server?.sessionOver(this.self);
    this.tell(new RemoteError(ERR_JOURNAL_FULL));
  }

  /** @internal The journal has room again. */
  roomAgain(): void {
    this.receivedCalls.flushStreams();
  }

  /** @internal The session goes on with another connection of this process, which gets the calls under way. */
  passSessionTo(heir: SessionLink): void {
    this.redialer?.stop();
    this.dropServing();
    heir.outbox.calls.adopt(this.outbox.calls);
    if (this.server) this.sayBye('taken');
    this.heartbeat?.stop();
    this.outbox.stop();
    this.setState({ name: 'closed' });
    this.transport?.end();
  }

  /** @internal The peer ends on purpose. */
  peerSaidBye(reason: ByeReason): void {
    if (reason === 'close') this.isSessionOver = true;
    this.emit('bye', reason);
    this.redialer?.peerSaidBye(reason);
    if (reason !== 'moved') this.outbox.calls.loseAll();
    if (reason !== 'moved' || !this.keepsAnswers) this.receivedCalls.cancelAll();
    this.transport?.end();
  }

  /** @internal As a server: another link gets the session; the present one, if there is one, is told and ended. */
  leaveLink(reason: ByeReason): void {
    this.sayBye(reason);
    this.detach()?.end();
  }

  /** @internal Counts a numbered message of the peer; false: it has been here before, and must not be served again. */
  countReceived(id: number): boolean {
    const { session } = this;
    const number = Math.abs(id);
    if (!session || (this.keepsAnswers && number <= session.receivedCount)) return false;
    session.receivedCount = number;
    return true;
  }

  /** @internal Runs something when the session is stored as it is now; at once where it is not stored at each step. */
  whenStored(run: () => void): void {
    run();
  }

  /** @internal Writes a message now, or after the session is resumed. */
  sendAfterResume(text: string): void {
    if (this.isOpen) this.write(text);
    else if (this.afterResume.length < this.limits.maxPendingCalls) this.afterResume.push(text);
  }

  /** @internal The heartbeat's ping. */
  sendPing(onPong: () => void): boolean {
    const { hasRoom } = this.outbox;
    if (hasRoom) this.outbox.ping(onPong);
    return hasRoom;
  }

  /** @internal As a server: the policy is deciding, nothing else may arrive. */
  awaitDecision(): void {
    this.setState({ name: 'handshaking', handshake: undefined });
  }

  /**
   * @internal As a server: a client is in, or back on a new link.
   * @param receivedCount what the client has received, where it is back
   */
  acceptSession(
    session: Session<Connection>,
    application: ApplicationLike<Connection>,
    receivedCount?: number,
  ): void {
    const ok = receivedCount === undefined ? session.id : session.receivedCount;
    const answer = formatHandshakeOk(0, ok, toOffer(session.binding?.extensions ?? []));
    this.openSession(session, application, receivedCount, answer);
    this.emit('client', session, this.self);
  }

  /** @internal As a server: refuses a handshake. Nothing that follows is read. */
  refuse(error: unknown): void {
    if (!this.transport) return;
    this.write(formatHandshakeError(0, RemoteError.getJstpArrayFor(error)));
    this.end(undefined);
  }

  /** @internal The session cannot come back: whoever waits is told. */
  expire(): void {
    this.setState({ name: 'closed' });
    this.outbox.stop();
    this.dropServing();
    this.outbox.calls.loseAll();
    // A provider may keep the session for long; the connection need not stay with it.
    if (this.session?.connection !== this.self) return;
    this.session.connection = null;
    this.session.serving = [];
  }

  override attach(transport: Transport): void {
    super.attach(transport);
    this.closedIntentionally = false;
    // Where answers are not kept, those to calls of the old link would not be awaited any more.
    if (!this.keepsAnswers) this.receivedCalls.cancelAll();
  }

  protected handle(message: Message): boolean {
    const { state } = this;
    if (state.name === 'open') {
      const isSecondHandshake = message.kind === 'handshakeRequest' || message.kind === 'handshakeResponse';
      if (!isSecondHandshake) return handleMessage(this.self, message);
    } else if (message.kind === 'handshakeResponse' && state.name === 'handshaking' && state.handshake) {
      this.log('handshake', message.error, message.ok);
      state.handshake.answer(message);
      return true;
    } else if (message.kind === 'handshakeRequest' && state.name === 'new' && this.server) {
      this.server.decideHandshake(this.self, message);
      return true;
    } else if (message.kind === 'handshakeRequest' && !this.server) {
      this.write(formatHandshakeError(1, [ERR_NOT_A_SERVER]));
    }
    // Whatever else comes before, or during, or twice: the end, and nothing that follows is read.
    this.transport?.end();
    // A policy that is still deciding must not let in who has broken the protocol meanwhile.
    if (this.server && state.name === 'handshaking') this.setState({ name: 'closed' });
    return false;
  }

  protected lost(): void {
    const { state } = this;
    this.heartbeat?.stop();
    if (!this.keepsAnswers) this.receivedCalls.cancelAll();
    if (state.name === 'handshaking') state.handshake?.abandon();
    if (state.name !== 'closed') this.setState({ name: this.session ? 'offline' : 'closed' });
    this.guard(() => {
      this.emit('close', this.self);
    });
    this.server?.linkLost(this.self);
    this.redialer?.linkLost();
  }

  protected tell(error: unknown): boolean {
    const isHeard = this.listenerCount('error') > 0;
    if (isHeard) this.emit('error', error, this.self);
    const isHeardByServer = this.server?.connectionError(error, this.self) ?? false;
    return isHeard || isHeardByServer;
  }

  private sayBye(reason: ByeReason): void {
    if (!this.isOpen || !this.extensions.bye) return;
    this.write(formatBye(reason));
    if (reason === 'close') this.isSessionOver = true;
  }

  /** @internal As a client: the request is out. */
  awaitAnswer(handshake: ClientHandshake, offered: readonly ExtensionName[]): void {
    const request = handshake.format(offered);
    this.setState({ name: 'handshaking', handshake });
    handshake.wait(this.limits.handshakeTimeoutMs, () => this.transport?.destroy());
    this.write(request);
  }

  /** @internal As a client: the server has let it in. */
  enterSession(session: Session<Connection>, receivedCount: number | undefined): void {
    if (session !== this.session) {
      this.outbox.calls.loseAll();
      this.receivedCalls.cancelAll();
      this.afterResume = [];
    }
    this.openSession(session, this.settings?.application ?? null, receivedCount);
  }

  /** @internal As a client: the server has not let it in, or the link ended before. */
  handshakeFailed(wasResume: boolean, isAnswered: boolean): void {
    const wasRefused = isAnswered && this.transport !== null;
    // A session that the server refuses is gone; one whose handshake was cut off is not.
    if (wasRefused && wasResume) this.outbox.calls.loseAll();
    this.transport?.end();
    if (wasRefused || !this.session) this.setState({ name: 'closed' });
  }

  /** Opens the link for messages: a server's answer goes out first, then what the peer has missed. */
  private openSession(
    session: Session<Connection>,
    application: ApplicationLike<Connection> | null,
    receivedCount: number | undefined,
    answer?: string,
  ): void {
    const previous = session.connection;
    this.session = session;
    session.connection = this.self;
    this.username = session.username;
    this.application = application;
    this.extensions = toExtensions(session.binding?.extensions ?? []);
    if (answer !== undefined) this.write(answer);
    this.inherit(session, previous);
    this.setState({ name: 'open' });
    if (this.heartbeatInterval) this.startHeartbeat(this.heartbeatInterval);
    this.receivedCalls.holdAgain();
    if (receivedCount === undefined) return;
    this.outbox.replay(receivedCount);
    const texts = this.afterResume;
    this.afterResume = [];
    for (const text of texts) this.write(text);
  }

  /** Takes over from the connection that had the session before, in this process or in another. */
  private inherit(session: Session<Connection>, previous: Connection | null): void {
    const unanswered = previous ? [] : [...session.serving];
    session.serving = this.receivedCalls;
    if (previous !== this.self) previous?.passSessionTo(this);
    this.answerLost(unanswered);
  }

  /** The calls in service end here. Where the session outlives this, their callers hear that the answers are lost. */
  private dropServing(): void {
    const dropped = this.receivedCalls.cancelAll();
    if (!this.isSessionOver) this.answerLost(dropped.map(({ id }) => id));
  }

  private answerLost(callIds: readonly number[]): void {
    if (!this.keepsAnswers) return;
    for (const id of callIds) this.outbox.sendAnswer(formatCallbackError(id, [ERR_CALLBACK_LOST]));
  }
}
