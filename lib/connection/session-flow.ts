import type { ApplicationLike } from '../application/application.js';
import { ERR_CALLBACK_LOST } from '../protocol/error-codes.js';
import { formatCallbackError, formatPing, formatPong } from '../protocol/format-message.js';
import type { Limits } from '../protocol/limits.js';
import type { Message } from '../protocol/message.js';
import type { RemoteError } from '../protocol/remote-error.js';
import type { Journal } from '../session/journal.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { NO_CALLS, type Session } from '../session/session.js';
import { afterContinuations } from '../util/host.js';
import { StoreGate } from './channel/store-gate.js';
import type { LogEmitter } from './client-options.js';
import type { Connection } from './connection.js';
import { NO_EXTENSIONS, type Extensions } from './extensions.js';
import { Link } from './link.js';
import { Outbox } from './outbox.js';
import { ReceivedCalls } from './calls/received-calls.js';
import type { ServerSide } from './server-side.js';

/** The number of a ping that is not counted. */
export const LINE_PING = 0;
/** Nothing new is served, because the session is about to leave. */
export const FINISHING = 1;
/** Nothing more is served until a caller who awaits what has just come has gone on, and can listen for what follows. */
const CALLER = 2;

/**
 * What goes over a session, whatever link it has: numbers, the journal, calls of both sides. Who is at the other
 * end, and how the session moves, is {@link SessionLink}'s.
 */
export abstract class SessionFlow extends Link {
  /** The session; null before the handshake. */
  session: Session<Connection> | null = null;
  /** What this side offers to the other: on a server's side what the client asked for, once its handshake is done. */
  application: ApplicationLike<Connection> | null = null;
  /** @internal Whether one side has said that the session ends with this connection. */
  isSessionOver = false;
  /** What both sides agreed on. */
  extensions: Extensions = NO_EXTENSIONS;
  /** @internal What is sent with a number, and the answers between. */
  get outbox(): Outbox {
    return (this.ownOutbox ??= this.createOutbox());
  }

  /** @internal What the peer calls. */
  get receivedCalls(): ReceivedCalls {
    let calls = this.callsSoFar;
    if (!calls) {
      calls = new ReceivedCalls(this.self, this, this.limits.maxCallsInFlight);
      this.callsSoFar = calls;
      if (this.session?.connection === this.self) this.session.serving = calls;
    }
    return calls;
  }

  // Made with the first message, or call: most connections of a server are idle.
  private ownOutbox: Outbox | undefined;
  /** The received calls; undefined before the first. */
  protected callsSoFar: ReceivedCalls | undefined;
  private afterResume: string[] | undefined;
  private gate: StoreGate | undefined;
  /** Why nothing new is served: {@link FINISHING}, and a {@link CALLER} for each. */
  protected holds = 0;

  /**
   * @param server the server, on its side; null on a client's
   * @param limits the caps and timeouts in force
   * @param logger gets the log events in the place of the connection
   */
  constructor(
    readonly server: ServerSide | null,
    limits: Limits,
    logger: LogEmitter | undefined,
  ) {
    super(limits, logger);
  }

  /** This object as the whole that it is part of: nothing but Connection extends this class. */
  protected get self(): Connection {
    return this as unknown as Connection;
  }

  /** @internal The session's journal. */
  get journal(): Journal | undefined {
    return this.session?.journal;
  }

  /** @internal Whether so much is under way that nothing is read. */
  get isHoldingReading(): boolean {
    return this.holds > 0 || this.callsSoFar?.isHolding === true || this.gate?.isFull === true;
  }

  /** @internal Whether a message belongs to what is under way, and need not wait for what came before it. */
  mayOvertake(message: Message): boolean {
    // A caller goes on in a moment: the order is kept.
    if (this.holds >= CALLER) return false;
    switch (message.kind) {
      case 'pong':
      case 'callback':
      case 'streamItem':
      case 'empty':
        return true;
      case 'ping':
        return message.id === LINE_PING && this.keepsAnswers;
      case 'streamCredit':
      case 'cancel':
        // Its call may still wait itself.
        return this.callsSoFar?.get(message.callId) !== undefined;
      default:
        return false;
    }
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

  protected isOfNoConcern(error: unknown): boolean {
    const kind = error instanceof ProtocolError ? error.kind : undefined;
    const isOfExtension = kind === 'stream' || kind === 'cancel' || kind === 'bye';
    return this.isOpen && isOfExtension && !this.extensions[kind];
  }

  /** @internal Counts a numbered message of the peer; false: it has been here before, and must not be served again. */
  countReceived(id: number): boolean {
    const { session } = this;
    const number = Math.abs(id);
    if (!session || (this.keepsAnswers && number <= session.receivedCount)) return false;
    session.receivedCount = number;
    return true;
  }

  /** @internal The largest message that the peer says it takes. */
  get peerMaxBytes(): number | undefined {
    return this.extensions.peerMaxBytes;
  }

  /** @internal An answer of a call cannot be sent: nothing more is sent for it. */
  cancelServing(callId: number): void {
    this.callsSoFar?.cancel(callId);
  }

  private createOutbox(): Outbox {
    // Without an outbox nothing is journaled.
    if (this.server) this.journal?.countIn(this.server.journalMeter);
    return new Outbox(this, this.server ? -1 : 1, this.limits);
  }

  /** The line was cut: what was written and has not arrived may be the reason. */
  protected noteCut(): void {
    if (this.ownOutbox) this.journal?.noteCut();
  }

  /**
   * @internal Runs something when the session is stored as it is now; at once where it is not stored at each step.
   * @param received the number of the peer's message that it acts on
   */
  whenStored(run: () => void, received?: number): void {
    if (this.gate) this.gate.run(run, received && Math.abs(received));
    else run();
  }

  /** @internal The number of the last message that was acted on, without its sign: what comes after it the peer must keep. */
  get actedCount(): number {
    const waiting = this.gate?.firstWaiting;
    return waiting === undefined ? (this.session?.receivedCount ?? 0) : waiting - 1;
  }

  /** @internal Writes a text if there is a link; what tells of an open session, after that is stored. */
  override write(text: string): void {
    const { gate, transport } = this;
    if (!gate || !this.isOpen) {
      super.write(text);
      return;
    }
    gate.run(() => {
      // On another link it goes out again by the replay.
      if (transport === this.transport) super.write(text);
    });
  }

  /** @internal Something was journaled that cannot be written now. */
  keptForLater(): void {
    this.server?.sessionChanged(this.self);
  }

  /** @internal Writes a message now, or after the session is resumed. */
  sendAfterResume(text: string): void {
    if (this.isOpen) this.write(text);
    else {
      this.afterResume ??= [];
      if (this.afterResume.length < this.limits.maxPendingCalls) this.afterResume.push(text);
    }
  }

  /** @internal Whether the journal takes more. */
  get hasRoom(): boolean {
    return this.outbox.hasRoom;
  }

  /** @internal The heartbeat's ping. */
  sendPing(onPong: () => void): void {
    this.outbox.ping((error) => {
      if (!error) onPong();
    });
  }

  /**
   * @internal Asks whether the line lives, and nothing else: by a ping without a number, which needs no room in the
   * journal and waits for no store. False: the peer knows none.
   */
  askLine(): boolean {
    if (this.keepsAnswers) this.writeNow(formatPing(LINE_PING));
    return this.keepsAnswers;
  }

  /** @internal Answers a ping of the peer; false: it must not be answered again. */
  answerPing(id: number): boolean {
    if (id === LINE_PING && this.keepsAnswers) {
      // Who asks about the line watches this side's way itself, and is there: a pong may be behind megabytes in a proxy.
      this.lineHeard();
      this.writeNow(formatPong(LINE_PING));
      return true;
    }
    if (!this.countReceived(id)) return false;
    this.sendUnnumbered(formatPong(id));
    return true;
  }

  /** @internal The peer has answered the heartbeat's ping. */
  abstract lineHeard(): void;

  /** @internal The journal has room again. */
  roomAgain(): void {
    this.callsSoFar?.flushStreams();
  }

  /** @internal What came with the answer to somebody who awaits it is served when they have gone on. */
  holdForCaller(): void {
    this.holds += CALLER;
    this.balanceReading();
    afterContinuations(() => {
      this.holds -= CALLER;
      this.balanceReading();
    });
  }

  /** @internal Reads, or does not, as what is under way allows. */
  balanceReading(): void {
    this.holdServing(this.isHoldingReading);
  }

  /** @internal The session cannot go on: more waits for the peer than may. */
  abstract overflow(error?: RemoteError): void;

  /** Sends again what the peer has not received, and what had to wait for that. */
  protected replay(receivedCount: number): void {
    this.outbox.replay(receivedCount);
    const texts = this.afterResume ?? [];
    this.afterResume = undefined;
    for (const text of texts) this.write(text);
  }

  /** The connection gets a session that it has not had. */
  protected forgetFlow(): void {
    this.outbox.loseSession();
    this.dropServing();
    this.outbox.stop();
    this.afterResume = undefined;
    this.releaseSession();
    this.isSessionOver = false;
  }

  /** The session is lost, another one comes: what was never written waits for that. */
  protected loseWritten(): void {
    this.outbox.loseWritten();
    this.dropServing();
    this.outbox.stop();
    this.afterResume = undefined;
  }

  /** @internal Whether a connection that has ended can be brought back with its session. */
  get mayReturn(): boolean {
    return this.session?.connection === this.self && !this.isSessionOver;
  }

  /** From now on each step is stored before it is acted on. */
  protected openGate(save: () => Promise<void>): void {
    // A link that is replaced leaves its gate to the next one: what has come first waits in it still.
    this.gate ??= new StoreGate(
      save,
      this.limits.maxCallsInFlight,
      () => {
        this.balanceReading();
      },
      (error) => {
        this.reportError(error);
      },
    );
  }

  /** Waits until what has come is stored and acted on, or the time (in milliseconds) is over; tells whether it is. */
  protected async gateIdle(timeoutMs: number): Promise<boolean> {
    return (await this.gate?.idle(timeoutMs)) ?? true;
  }

  /** Ends that wait. */
  protected endGateWait(): void {
    this.gate?.tellIdle();
  }

  /** Nothing that waits to be stored is done any more: it counts as not received, and the peer sends it again. */
  protected closeGate(): void {
    const { gate, session, actedCount } = this;
    if (!gate) return;
    gate.close();
    if (session) session.receivedCount = actedCount;
  }

  /**
   * The calls in service end here. Where the session outlives this, their callers hear that the answers are lost, but of
   * calls that were never begun, and count as not received.
   */
  protected dropServing(): void {
    const dropped = this.callsSoFar?.cancelAll();
    if (!dropped || this.isSessionOver) return;
    const received = this.session?.receivedCount ?? 0;
    this.answerLost(
      dropped.map(({ id }) => id).filter((id) => !this.keepsAnswers || Math.abs(id) <= received),
    );
  }

  /** A provider or another connection may keep the session for long; this one need not stay with it. */
  protected releaseSession(): void {
    if (this.session?.connection !== this.self) return;
    if (this.ownOutbox) this.session.journal.countIn(undefined);
    this.session.connection = null;
    this.session.serving = NO_CALLS;
  }

  /** Answers calls whose answers nobody can give any more. */
  protected answerLost(callIds: readonly number[]): void {
    if (!this.keepsAnswers) return;
    for (const id of callIds) this.outbox.sendAnswer(formatCallbackError(id, [ERR_CALLBACK_LOST]));
  }
}
