import type { ApplicationLike } from '../application/application.js';
import type { Applications } from '../application/applications.js';
import type { Connection } from '../connection/connection.js';
import { agreedNames, sameNames } from '../connection/extensions.js';
import { ERR_APP_NOT_FOUND, ERR_AUTH_FAILED } from '../protocol/error-codes.js';
import type { HandshakeRequest } from '../protocol/message.js';
import { SESSION_LOST_INFO, SESSION_TAKEN_INFO } from '../connection/client-handshake.js';
import { RemoteError } from '../protocol/remote-error.js';
import { ignore } from '../util/callback.js';
import { isOvertaken, type SessionClaim } from '../session/session-claim.js';
import { Session, type SessionBinding } from '../session/session.js';
import type { ClientTable } from './client-table.js';
import type { ResolvedServerOptions } from './server-options.js';
import type { SessionKeeper } from './session-keeper.js';
import { TakeoverLimit } from './takeover-limit.js';

// Far beyond the ids that are given; what is longer is not worth a question to a store.
const MAX_ID_LENGTH = 256;

type App = ApplicationLike<Connection>;

/** What the decisions on handshakes lead to. */
export interface HandshakeOutcome {
  /** A client has logged in. */
  entered(connection: Connection): void;
  /** A client has come back. */
  resumed(connection: Connection, session: Session<Connection>, application: App): void;
  /** A newcomer gave its link to the connection that has the session. */
  moved(newcomer: Connection): void;
  /** A newcomer took a session away from a link that was up. */
  taken(holder: Connection): void;
}

interface ResumeClaim {
  readonly id: string;
  readonly receivedCount: number;
  /** Undefined of peers that make no claims. */
  readonly order: SessionClaim | undefined;
}

/** Decides on the handshakes of a server: which application, who, a new session or an old one. */
export class Handshakes {
  private readonly takeovers = new TakeoverLimit();
  private lastBinding: SessionBinding | undefined;

  constructor(
    private readonly options: ResolvedServerOptions,
    private readonly clients: ClientTable,
    private readonly keeper: SessionKeeper,
    private readonly outcome: HandshakeOutcome,
  ) {}

  /** Decides on one; the connection gets its answer now or later. */
  decide(connection: Connection, request: HandshakeRequest, applications: Applications<Connection>): void {
    const application = applications.find(request.application, request.version);
    if (!application) {
      connection.refuse(ERR_APP_NOT_FOUND);
      return;
    }
    connection.awaitDecision();
    connection.application = application;
    if (request.strategy === 'session') this.decideResume(connection, application, request);
    else this.decideLogin(connection, application, request);
  }

  private decideLogin(connection: Connection, application: App, request: HandshakeRequest): void {
    const { policy } = this.options;
    if (request.strategy === 'anonymous' && !policy.decidesAnonymous)
      this.enter(connection, application, request, null);
    else {
      this.ask(connection, application, request, (username) => {
        this.enter(connection, application, request, username);
      });
    }
  }

  private enter(
    connection: Connection,
    application: App,
    request: HandshakeRequest,
    username: string | null,
  ): void {
    const session = new Session(connection, username);
    session.binding = this.bindingOf(request);
    connection.acceptSession(session, application, undefined, this.keeper.saverOf(connection));
    this.outcome.entered(connection);
  }

  private decideResume(connection: Connection, application: App, request: HandshakeRequest): void {
    const claim = claimOf(request.credentials);
    if (!claim) {
      refuseSession(connection, request, SESSION_LOST_INFO);
      return;
    }
    this.find(connection, application, claim.id, (session, isFromStore) => {
      const refuse = (): void => {
        if (session && isFromStore) this.keeper.giveBack(application, session);
        refuseSession(connection, request, SESSION_LOST_INFO);
      };
      if (!session || !isWaiting(connection) || !this.fits(session, request, claim)) {
        refuse();
        return;
      }
      const restore = (): void => {
        this.restore(connection, application, session, claim, request, refuse);
      };
      if (!this.options.policy.decidesResume) {
        restore();
        return;
      }
      // So that the policy sees whose session it is.
      connection.username = session.username;
      this.ask(connection, application, request, restore, () => {
        if (isFromStore) this.keeper.giveBack(application, session);
      });
    });
  }

  private ask(
    connection: Connection,
    application: App,
    request: HandshakeRequest,
    onYes: (username: string | null) => void,
    onNo: () => void = ignore,
  ): void {
    const { strategy, credentials } = request;
    this.options.policy.ask(connection, application, strategy, credentials, (refusal, username) => {
      if (isWaiting(connection) && !refusal) {
        onYes(username);
        return;
      }
      onNo();
      if (refusal && isWaiting(connection)) connection.refuse(refusal.error);
    });
  }

  /** The session of an id: of a client that is connected or away, else of the provider. */
  private find(
    connection: Connection,
    application: App,
    id: string,
    callback: (session: Session<Connection> | undefined, isFromStore: boolean) => void,
  ): void {
    const holder = this.clients.find(id);
    if (this.keeper.isLeaving(id)) {
      // It is being handed over: to whom, the next attempt will show.
      connection.end(undefined);
    } else if (holder?.session) callback(holder.isSessionOver ? undefined : holder.session, false);
    else {
      this.keeper.find(application, id, connection, (found) => {
        if (found.name === 'later') connection.end(undefined);
        else callback(found.name === 'found' ? found.session : undefined, true);
      });
    }
  }

  private restore(
    newcomer: Connection,
    application: App,
    session: Session<Connection>,
    claim: ResumeClaim,
    request: HandshakeRequest,
    refuse: () => void,
  ): void {
    const holder = this.clients.find(claim.id);
    const enter = (): void => {
      // Asked again: while others were deciding, another link may have got the session, or ended it.
      const isTaken = this.clients.find(claim.id) !== holder || (holder && holder.session !== session);
      const isLate = isOvertaken(claim.order, session.claim);
      if (isTaken || isLate || holder?.isSessionOver || !session.journal.covers(claim.receivedCount))
        refuse();
      else if (this.keeper.isLeaving(claim.id)) newcomer.end(undefined);
      else if (holder?.isOpen && !this.takeovers.allows(holder, claim.order))
        refuseSession(newcomer, request, SESSION_TAKEN_INFO);
      else {
        // One that the reference stored is bound to nothing; from now on to what it came back for.
        session.binding ??= { ...this.bindingOf(request), extensions: [] };
        session.claim = claim.order;
        this.moveIn(newcomer, holder, session, application, claim.receivedCount);
      }
    };
    if (!holder) {
      enter();
      return;
    }
    this.keeper.revive(holder, (mayReturn) => {
      if (mayReturn && isWaiting(newcomer)) enter();
      else newcomer.end(undefined);
      // Gone or refused: what the store has must hold again.
      if (mayReturn && !holder.isOpen) this.keeper.linkLost(holder);
    });
  }

  private moveIn(
    newcomer: Connection,
    holder: Connection | undefined,
    session: Session<Connection>,
    application: App,
    receivedCount: number,
  ): void {
    if (holder?.isOpen) this.outcome.taken(holder);
    const connection = holder ? moveLink(newcomer, holder) : newcomer;
    if (connection !== newcomer) this.outcome.moved(newcomer);
    connection.application = application;
    connection.acceptSession(session, application, receivedCount, this.keeper.saverOf(connection));
    this.outcome.resumed(connection, session, application);
  }

  /** A session is resumed for what it was made for, by a peer that has lost nothing that is freed here. */
  private fits(session: Session<Connection>, request: HandshakeRequest, claim: ResumeClaim): boolean {
    const { binding } = session;
    const wanted = this.bindingOf(request);
    const isBound = !binding || isSameBinding(binding, wanted);
    return isBound && session.journal.covers(claim.receivedCount);
  }

  /** What a client asks for; one object for many clients, as most ask for the same. */
  private bindingOf(request: HandshakeRequest): SessionBinding {
    const { application, version } = request;
    const extensions = agreedNames(this.options.extensions, request.extensions);
    const binding = { application, version, extensions };
    const last = this.lastBinding;
    if (last && isSameBinding(last, binding)) return last;
    this.lastBinding = binding;
    return binding;
  }
}

function isSameBinding(a: SessionBinding, b: SessionBinding): boolean {
  return a.application === b.application && a.version === b.version && sameNames(a.extensions, b.extensions);
}

/** Moves the newcomer's link to the connection that has had the session all the time. */
function moveLink(newcomer: Connection, holder: Connection): Connection {
  const transport = newcomer.detach();
  holder.leaveLink('taken');
  if (transport) holder.attach(transport);
  return holder;
}

/** Whether the peer is still there and waits for its answer. */
function isWaiting(connection: Connection): boolean {
  return connection.state.name === 'handshaking';
}

/** A session that cannot be had is 11 to all; a peer of this package is told which 11 it is. */
function refuseSession(connection: Connection, request: HandshakeRequest, info: string): void {
  const code = ERR_AUTH_FAILED;
  connection.refuse(request.extensions ? [code, RemoteError.defaultMessages[code], info] : code);
}

function claimOf(credentials: unknown): ResumeClaim | undefined {
  if (!Array.isArray(credentials)) return undefined;
  const [id, receivedCount, order] = credentials as unknown[];
  if (typeof id !== 'string' || id === '' || id.length > MAX_ID_LENGTH) return undefined;
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
