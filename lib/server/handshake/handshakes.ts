import type { ApplicationLike } from '../../application/application.js';
import type { Applications } from '../../application/applications.js';
import type { Connection } from '../../connection/connection.js';
import { controlOf } from '../../connection/control.js';
import { admit, awaitDecision, moveTransport, presumeUser, refuse } from '../../connection/serving.js';
import { agreedNames, termsOf, sameNames } from '../../connection/extensions.js';
import {
  ERR_APP_NOT_FOUND,
  ERR_AUTH_FAILED,
  ERR_NO_HANDSHAKE_RESPONSE,
  ERR_TOO_MANY_SESSIONS,
} from '../../protocol/error-codes.js';
import { MAX_SESSION_ID_LENGTH } from '../../protocol/limits.js';
import type { HandshakeRequest } from '../../protocol/message.js';
import {
  JOURNAL_FULL_INFO,
  LOGIN_LIMIT_INFO,
  SESSION_KEPT_INFO,
  SESSION_LOST_INFO,
  SESSION_TAKEN_INFO,
} from '../../protocol/refusal-info.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { intern } from '../../util/intern.js';
import { RecentSet } from '../../util/recent-set.js';
import { isOvertaken, isSameClaimant, type SessionClaim } from '../../session/session-claim.js';
import { Session, type SessionBinding } from '../../session/session.js';
import type { ClientTable } from '../sessions/client-table.js';
import type { SessionLimit } from '../sessions/session-group.js';
import { ObservedHandshakes } from './observed-handshakes.js';
import { PendingResumes, type ResumeRequest } from './pending-resumes.js';
import { refusedHandshake, type RefusalKind, type RefusedHandshake } from './refusal.js';
import type { ResolvedServerOptions } from '../server-options.js';
import type { SessionKeeper } from '../sessions/session-keeper.js';
import { LoginLimit, nameIn, type LoginTurn } from './login-limit.js';
import { TakeoverLimit } from './takeover-limit.js';

// How many sessions with a full journal are remembered. Clients of earlier ones hear only that the session is lost.
const MAX_FULL_SESSIONS = 10_000;

// Reasons of refused resumes, for the log.
const OTHER_BINDING = 'the session was made for another application, range or set of extensions';
const UNCOVERED = 'what the client counts as received does not fit what the session has sent';
const FULL = 'more waited for the client than the server keeps (its limits of the journal)';
const NOT_OWNED = 'nobody can give the session now: another server has it, or its store does not answer';

const NO_ANSWER = 'the policy has not answered: an answer is a Promise or a call of its callback';
const STRATEGY_TOO_LONG = 'the name of its strategy is longer than limits.maxNameLength';

type App = ApplicationLike<Connection>;

/** Told how handshakes were decided. */
export interface HandshakeOutcome {
  /** A client has logged in. */
  entered(connection: Connection): void;
  /** A client has resumed its session. */
  resumed(connection: Connection, session: Session<Connection>, application: App): void;
  /** A newcomer has given its transport to the connection that holds the session. */
  moved(newcomer: Connection): void;
  /** A session was taken away from an open connection. */
  taken(holder: Connection): void;
  /** A handshake was refused, or a resume put off. */
  refused(connection: Connection, refusal: RefusedHandshake): void;
}

type ResumeClaim = Pick<ResumeRequest, 'id' | 'receivedCount' | 'order'>;

/** Decides on the handshakes of a server: which application a client gets, as which user, with which session. */
export class Handshakes {
  private readonly takeovers = new TakeoverLimit();
  private readonly pending: PendingResumes;
  /** Ids of sessions that ended because their journals were full. Why: their clients are told the reason. */
  private readonly full = new RecentSet(MAX_FULL_SESSIONS);
  private readonly logins: LoginLimit;
  /** The logins that are being decided. */
  private readonly turns = new Map<Connection, LoginTurn>();
  /** Those whose policy has returned what is no answer, and has not called back: tell why nobody answers. */
  private readonly unanswered = new Map<Connection, () => void>();
  private readonly observed = new ObservedHandshakes();
  private lastBinding: SessionBinding | undefined;

  constructor(
    private readonly options: ResolvedServerOptions,
    private readonly clients: ClientTable,
    private readonly keeper: SessionKeeper,
    private readonly outcome: HandshakeOutcome,
  ) {
    this.pending = new PendingResumes(keeper, options.limits);
    this.logins = new LoginLimit(options.limits);
  }

  /** Decides on a handshake; the connection gets its answer at once or later. */
  decide(connection: Connection, request: HandshakeRequest, applications: Applications<Connection>): void {
    if (!this.observed.isWatched(request)) this.decideNow(connection, request, applications);
    else
      this.observed.run(connection, request, () => {
        this.decideNow(connection, request, applications);
      });
  }

  private decideNow(
    connection: Connection,
    request: HandshakeRequest,
    applications: Applications<Connection>,
  ): void {
    const application = applications.find(request.application, request.version);
    if (!application) {
      const code = this.refuseUnknown(connection, request);
      const reason = applications.reasonForNone(request.application, request.version);
      this.tell(connection, request, 'application', code, reason);
      return;
    }
    if (request.strategy.length > this.options.limits.maxNameLength) {
      // Why: no policy need look at it, or keep it.
      refuse(connection, ERR_AUTH_FAILED);
      this.tell(connection, request, 'login', ERR_AUTH_FAILED, STRATEGY_TOO_LONG);
      return;
    }
    awaitDecision(connection, application);
    if (request.strategy === 'session') this.decideResume(connection, application, request);
    else this.decideLogin(connection, application, request);
  }

  /** Notes that a session has ended because its journal was full. */
  noteFull(id: string): void {
    this.full.add(id);
  }

  /** Drops the request of a connection that has lost its transport. */
  transportLost(connection: Connection): void {
    this.pending.settle(connection);
    this.turns.get(connection)?.abandon();
    this.turns.delete(connection);
    const tellWhy = this.unanswered.get(connection);
    this.unanswered.delete(connection);
    tellWhy?.();
    this.observed.end(connection, ERR_NO_HANDSHAKE_RESPONSE);
  }

  /** Whether the client of a claim made at another server has asked here for the session since. */
  overtakes(id: string, claim: SessionClaim | undefined): boolean {
    return this.pending.overtakes(id, claim);
  }

  /**
   * Refuses a handshake for an application that there is not. Where strangers may not enter, they are not told which
   * applications there are: the answer is that of wrong credentials, or of an unknown session.
   * @returns the code that the client is told
   */
  private refuseUnknown(connection: Connection, request: HandshakeRequest): number {
    const isResume = request.strategy === 'session';
    if (isResume && this.keeper.isShared) refuseUnserved(connection, request);
    else if (!this.options.policy.decidesAnonymous) refuse(connection, ERR_APP_NOT_FOUND);
    else {
      if (isResume) refuseSession(connection, request, SESSION_LOST_INFO);
      else refuse(connection, ERR_AUTH_FAILED);
      return ERR_AUTH_FAILED;
    }
    return ERR_APP_NOT_FOUND;
  }

  private decideLogin(connection: Connection, application: App, request: HandshakeRequest): void {
    const { policy } = this.options;
    const isAnonymous = request.strategy === 'anonymous';
    if (isAnonymous && !policy.decidesAnonymous) {
      this.logIn(connection, application, request, null);
      return;
    }
    const logIn = (username: string | null): void => {
      this.logIn(connection, application, request, username);
    };
    if (!isAnonymous) this.decideNamed(connection, application, request, logIn);
    else this.ask(connection, application, request, logIn);
  }

  /** Decides on a login with credentials, which others who guess may hold up. */
  private decideNamed(
    connection: Connection,
    application: App,
    request: HandshakeRequest,
    logIn: (username: string | null) => void,
  ): void {
    const turn = this.logins.attempt({
      address: connection.remoteAddress,
      name: nameIn(request.credentials),
      run: (turn) => {
        this.ask(
          connection,
          application,
          request,
          (username) => {
            this.turns.delete(connection);
            turn.succeeded();
            logIn(username);
          },
          (answer, isRefused) => {
            if (isRefused) turn.failed(answer);
            else turn.abandon();
          },
        );
      },
      refuse: (limit) => {
        refuseLogin(connection, request);
        const reason = `too many logins have failed (limits.${limit})`;
        this.tell(connection, request, 'limit', ERR_AUTH_FAILED, reason);
      },
    });
    if (isWaiting(connection)) this.turns.set(connection, turn);
  }

  private logIn(
    connection: Connection,
    application: App,
    request: HandshakeRequest,
    username: string | null,
  ): void {
    const address = connection.remoteAddress;
    const limit = this.clients.makeRoom({ username, address });
    if (limit) {
      refuse(connection, new RemoteError(ERR_TOO_MANY_SESSIONS));
      this.tell(connection, request, 'full', ERR_TOO_MANY_SESSIONS, noRoom(limit));
      return;
    }
    // What was heard of those that have made room may have ended this one.
    if (!isWaiting(connection)) return;
    const session = new Session(connection, username);
    session.binding = this.bindingOf(request);
    this.clients.enter(connection, session, address);
    const save = this.keeper.saverOf(connection);
    const terms = termsOf(this.options.extensions, request.extensions);
    admit(connection, { session, application, save, terms });
    this.observed.end(connection, 0);
    this.outcome.entered(connection);
  }

  private decideResume(connection: Connection, application: App, handshake: HandshakeRequest): void {
    const claim = claimOf(handshake.credentials);
    if (!claim) {
      refuseSession(connection, handshake, SESSION_LOST_INFO);
      this.tell(connection, handshake, 'session', ERR_AUTH_FAILED, 'its credentials name no session');
      return;
    }
    const request: ResumeRequest = { ...claim, connection, application, handshake };
    // A late request: the client has asked by a newer transport since.
    if (!this.pending.add(request)) controlOf(connection).end('abandoned');
    else this.resume(request);
  }

  /**
   * Looks for the session of a request, and resumes it.
   * @param isAllowed whether the policy has allowed the resume, or is not asked
   */
  private resume(request: ResumeRequest, isAllowed = !this.options.policy.decidesResume): void {
    this.find(request, (session) => {
      const { connection, application, handshake } = request;
      if (!isWaiting(connection)) this.pending.settle(connection);
      else if (!session) this.refuse(request, SESSION_LOST_INFO, 'the session is unknown');
      else if (!this.isBound(session, request)) this.refuse(request, SESSION_LOST_INFO, OTHER_BINDING);
      else if (!session.journal.covers(request.receivedCount))
        this.refuse(request, SESSION_LOST_INFO, UNCOVERED);
      else if (isAllowed) this.restore(request, session);
      else {
        // Why: the policy sees whose session it decides on.
        presumeUser(connection, session.username);
        this.ask(
          connection,
          application,
          handshake,
          () => {
            this.restore(request, session);
          },
          (answer) => {
            this.pending.settle(connection);
            answer();
          },
        );
      }
    });
  }

  /**
   * Ends a request without an answer, so that the client asks again: its session cannot be had now, but may be later.
   */
  private putOff(
    { connection, handshake }: ResumeRequest,
    kind: RefusalKind = 'later',
    reason = NOT_OWNED,
  ): void {
    const wasWaiting = isWaiting(connection);
    controlOf(connection).end('abandoned');
    this.pending.settle(connection);
    if (wasWaiting) this.tell(connection, handshake, kind, undefined, reason);
  }

  private refuse({ connection, handshake, id }: ResumeRequest, info: string, reason: string): void {
    const isFull = info === SESSION_LOST_INFO && this.full.has(id);
    refuseSession(connection, handshake, ...(isFull ? [info, JOURNAL_FULL_INFO] : [info]));
    this.pending.settle(connection);
    this.tell(connection, handshake, 'session', ERR_AUTH_FAILED, isFull ? FULL : reason);
  }

  private tell(
    connection: Connection,
    request: HandshakeRequest,
    kind: RefusalKind,
    code: number | undefined,
    reason: string,
  ): void {
    const refusal = refusedHandshake(request, kind, code, reason);
    this.observed.end(connection, code ?? ERR_NO_HANDSHAKE_RESPONSE, refusal.reason);
    this.outcome.refused(connection, refusal);
  }

  /**
   * Asks the policy.
   * @param onYes called with the user's name
   * @param onNo called when the client is refused, or does not wait any more; `answer` tells it, if it still waits
   */
  private ask(
    connection: Connection,
    application: App,
    request: HandshakeRequest,
    onYes: (username: string | null) => void,
    onNo: (answer: () => void, isRefused: boolean) => void = answerAtOnce,
  ): void {
    const { strategy, credentials } = request;
    const kind = strategy === 'session' ? 'session' : 'login';
    const { policy } = this.options;
    const returned = policy.ask(connection, application, strategy, credentials, (refusal, username) => {
      this.unanswered.delete(connection);
      if (isWaiting(connection) && !refusal) {
        onYes(username);
        return;
      }
      onNo(() => {
        if (!refusal || !isWaiting(connection)) return;
        refuse(connection, refusal.error);
        this.tell(connection, request, kind, refusal.error.code, refusal.reason);
      }, refusal !== null);
    });
    if (returned === undefined) return;
    this.unanswered.set(connection, () => {
      this.tell(connection, request, kind, undefined, `${NO_ANSWER}, and it has returned ${returned}`);
    });
  }

  /** Finds the session of a request: at the client that has it, connected or away, else in the store. */
  private find(request: ResumeRequest, callback: (session: Session<Connection> | undefined) => void): void {
    const { id, connection, order } = request;
    const holder = this.clients.find(id);
    if (this.keeper.isHandingOver(id) && !this.keeper.cancelHandover(id, order)) {
      // The session is on its way to another server. The client finds it there at its next attempt.
      this.putOff(request);
    } else if (holder?.session) callback(controlOf(holder).isSessionOver ? undefined : holder.session);
    else {
      this.pending.search(request, (found) => {
        if (!isWaiting(connection)) this.pending.settle(connection);
        else if (!found || this.clients.find(id)) this.find(request, callback);
        else if (found.name === 'later') this.putOff(request);
        else callback(found.name === 'found' ? found.session : undefined);
      });
    }
  }

  private restore(request: ResumeRequest, session: Session<Connection>): void {
    const { id, connection: newcomer, order } = request;
    const holder = this.clients.find(id);
    if (!holder) {
      this.enter(request, session, holder);
      return;
    }
    this.keeper.revive(holder, order, (mayReturn) => {
      if (mayReturn && isWaiting(newcomer)) this.enter(request, session, holder);
      else this.putOff(request);
      // The client has gone again, or was refused: its state is saved once more, unless another request waits for it.
      if (mayReturn && !holder.handshakeDone && !this.pending.has(id)) this.keeper.transportLost(holder);
    });
  }

  private enter(request: ResumeRequest, session: Session<Connection>, holder: Connection | undefined): void {
    const { id, order, receivedCount } = request;
    // While the policy or the store was asked, another connection may have got the session, or ended it. Then the
    // search starts again. Checks that the session may change come last, right before it is granted.
    if (this.clients.find(id) !== holder || (holder && holder.session !== session))
      this.resume(request, true);
    else if (holder && controlOf(holder).isSessionOver)
      this.refuse(request, SESSION_LOST_INFO, 'the session has ended');
    else if (!session.journal.covers(receivedCount)) this.refuse(request, SESSION_LOST_INFO, UNCOVERED);
    else if (isOvertaken(order, session.claim) || this.keeper.isHandingOver(id)) this.putOff(request);
    else if (holder?.handshakeDone && !this.takeovers.allows(holder, order))
      this.refuse(request, SESSION_TAKEN_INFO, 'others have claimed the session again and again');
    else this.grant(request, session, holder);
  }

  /** Gives a session to a request, if there is room for the session, at the address that its client comes from. */
  private grant(request: ResumeRequest, session: Session<Connection>, holder: Connection | undefined): void {
    const { id, connection } = request;
    const { clients } = this;
    const address = connection.remoteAddress;
    const limit = holder
      ? clients.makeRoomAt(holder, address)
      : clients.makeRoom({ username: session.username, address });
    if (limit) this.putOff(request, 'full', noRoom(limit));
    // What was heard of those that have made room may have ended this one, or the session.
    else if (!isWaiting(connection) || clients.find(id) !== holder) this.putOff(request);
    else {
      this.pending.grant(connection);
      if (holder) clients.move(holder, address);
      else clients.enter(connection, session, address);
      // A session that the reference implementation stored has no binding: it gets that of this handshake.
      session.binding ??= { ...this.bindingOf(request.handshake), extensions: [] };
      this.moveIn(request, session, holder);
    }
  }

  private moveIn(
    { connection: newcomer, application, receivedCount, order, handshake }: ResumeRequest,
    session: Session<Connection>,
    holder: Connection | undefined,
  ): void {
    // A client that moves its own session takes it away from nobody. The claim is compared before it is replaced.
    if (holder?.handshakeDone && !isSameClaimant(order, session.claim)) this.outcome.taken(holder);
    session.claim = order;
    if (holder) moveTransport(newcomer, holder);
    const connection = holder ?? newcomer;
    if (connection !== newcomer) this.outcome.moved(newcomer);
    // First: the application may have a store of its own.
    connection.application = application;
    const save = this.keeper.saverOf(connection);
    const terms = termsOf(this.options.extensions, handshake.extensions);
    admit(connection, { session, application, receivedCount, save, terms });
    this.observed.end(newcomer, 0);
    this.outcome.resumed(connection, session, application);
  }

  /** Whether a handshake asks for the application, the range and the extensions that a session was made for. */
  private isBound({ binding }: Session<Connection>, { handshake }: ResumeRequest): boolean {
    return !binding || isSameBinding(binding, this.bindingOf(handshake));
  }

  /**
   * Returns what a client asks for. Why one object for many sessions: most clients ask for the same, and each session is
   * 240 bytes smaller (`test/bench/shortcuts.js`).
   */
  private bindingOf(request: HandshakeRequest): SessionBinding {
    const { application, version } = request;
    const extensions = agreedNames(this.options.extensions, request.extensions);
    const binding = { application, version, extensions };
    const last = this.lastBinding;
    if (last && isSameBinding(last, binding)) return last;
    // Why copies: a text that was cut out of a message keeps the whole message alive.
    this.lastBinding = {
      application: intern(application),
      version: version === undefined ? undefined : intern(version),
      extensions,
    };
    return this.lastBinding;
  }
}

function noRoom(limit: SessionLimit): string {
  return `there are as many sessions as limits.${limit} allows, and none of them makes room`;
}

function isSameBinding(a: SessionBinding, b: SessionBinding): boolean {
  return a.application === b.application && a.version === b.version && sameNames(a.extensions, b.extensions);
}

/** Whether a connection still waits for the answer to its handshake. */
function isWaiting(connection: Connection): boolean {
  return connection.state.name === 'handshaking';
}

function answerAtOnce(answer: () => void): void {
  answer();
}

/** Refuses a login undecided, with the code 11; a peer of this package is told why. */
function refuseLogin(connection: Connection, request: HandshakeRequest): void {
  const code = ERR_AUTH_FAILED;
  refuse(connection, request.extensions ? [code, RemoteError.defaultMessages[code], LOGIN_LIMIT_INFO] : code);
}

/** Refuses a resume with the code 11; a peer of this package is told more. */
function refuseSession(connection: Connection, request: HandshakeRequest, ...info: string[]): void {
  const code = ERR_AUTH_FAILED;
  refuse(connection, request.extensions ? [code, RemoteError.defaultMessages[code], ...info] : code);
}

/**
 * Refuses a resume for an unknown application where sessions are shared. Another server may have both the application
 * and the session, so a peer of this package is told to keep its session; other peers get no answer.
 */
function refuseUnserved(connection: Connection, request: HandshakeRequest): void {
  const code = ERR_APP_NOT_FOUND;
  if (request.extensions) refuse(connection, [code, RemoteError.defaultMessages[code], SESSION_KEPT_INFO]);
  else controlOf(connection).end('abandoned');
}

function claimOf(credentials: unknown): ResumeClaim | undefined {
  if (!Array.isArray(credentials)) return undefined;
  const [id, receivedCount, order] = credentials as unknown[];
  // Why the length: a store need not be asked about a longer one.
  if (typeof id !== 'string' || id === '' || id.length > MAX_SESSION_ID_LENGTH) return undefined;
  if (typeof receivedCount !== 'number' || !Number.isSafeInteger(receivedCount) || receivedCount < 0)
    return undefined;
  return { id, receivedCount, order: orderOf(order) };
}

function orderOf(order: unknown): SessionClaim | undefined {
  if (!Array.isArray(order)) return undefined;
  const [by, count] = order as unknown[];
  return Number.isSafeInteger(by) && Number.isSafeInteger(count)
    ? { by: by as number, count: count as number }
    : undefined;
}
