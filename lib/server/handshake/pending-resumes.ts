import type { ApplicationLike } from '../../application/application.js';
import type { Connection } from '../../connection/connection.js';
import type { HandshakeRequest } from '../../protocol/message.js';
import { isOvertaken, isSameClaimant, type SessionClaim } from '../../session/session-claim.js';
import type { ClaimRequest } from '../../session/shared-session-storage.js';
import type { Session } from '../../session/session.js';
import { host, type AbortControllerLike } from '../../util/host.js';
import type { Found } from '../sessions/session-keeper.js';

/** A client's request to resume a session, until it is answered. */
export interface ResumeRequest {
  /** The session's id. */
  readonly id: string;
  readonly receivedCount: number;
  /** Undefined of peers that make no claims. */
  readonly order: SessionClaim | undefined;
  readonly connection: Connection;
  readonly application: ApplicationLike<Connection>;
  readonly handshake: HandshakeRequest;
}

/** What the requests for sessions ask of those who have them. */
export interface ResumeSource {
  /** Asks a store for a session. */
  find(
    application: ApplicationLike<Connection>,
    id: string,
    request: ClaimRequest,
    asker: Connection,
    callback: (found: Found) => void,
  ): void;
  /** A session that was found is not wanted. */
  giveBack(application: ApplicationLike<Connection>, session: Session<Connection>): void;
}

/** All who ask for one session, and the question for it to its store. */
interface Pending {
  readonly requests: Set<ResumeRequest>;
  search: Search | undefined;
}

/** Takes the answer of a store; undefined: somebody else who asked has got the session. */
type Taker = (found: Found | undefined) => void;

/** One question to a store. Its answer is for all who ask by then. */
class Search implements ClaimRequest {
  found: Found | undefined;
  /** Whether somebody has got what was found. */
  isGranted = false;
  readonly waiting: Taker[] = [];
  private readonly controller: AbortControllerLike = new host.AbortController();

  constructor(
    readonly application: ApplicationLike<Connection>,
    private readonly requests: ReadonlySet<ResumeRequest>,
  ) {}

  get signal(): AbortControllerLike['signal'] {
    return this.controller.signal;
  }

  get order(): SessionClaim | undefined {
    return [...this.requests].at(-1)?.order;
  }

  abort(): void {
    this.controller.abort();
  }
}

/**
 * The requests to resume that wait for an answer: of a store, of a policy, of a hand-over. Of one client's requests
 * the newest counts, whichever line it came by: those before it end without an answer. A store is asked once for a
 * session at a time, for as long as somebody asks.
 */
export class PendingResumes {
  private readonly byId = new Map<string, Pending>();
  private readonly byConnection = new Map<Connection, ResumeRequest>();

  constructor(private readonly source: ResumeSource) {}

  /** Adds a request, and ends those that it overtakes. @returns whether it was not overtaken itself */
  add(request: ResumeRequest): boolean {
    const { id, order, connection } = request;
    if (this.overtakes(id, order)) return false;
    let pending = this.byId.get(id);
    if (!pending) {
      pending = { requests: new Set(), search: undefined };
      this.byId.set(id, pending);
    }
    const overtaken = [...pending.requests].filter((other) => isSameClaimant(other.order, order));
    pending.requests.add(request);
    this.byConnection.set(connection, request);
    for (const other of overtaken) {
      other.connection.end(undefined);
      this.settle(other.connection);
    }
    return true;
  }

  /** Whether a request is under way here that comes after a claim of the same client. */
  overtakes(id: string, order: SessionClaim | undefined): boolean {
    for (const request of this.byId.get(id)?.requests ?? []) {
      if (isOvertaken(order, request.order)) return true;
    }
    return false;
  }

  /** Whether anybody asks for a session. */
  has(id: string): boolean {
    return (this.byId.get(id)?.requests.size ?? 0) > 0;
  }

  /** A connection has got the session that it asked for. */
  grant(connection: Connection): void {
    const pending = this.byId.get(this.byConnection.get(connection)?.id ?? '');
    if (pending?.search) pending.search.isGranted = true;
    if (pending) pending.search = undefined;
    this.settle(connection);
  }

  /** A connection's request is answered, or its line is gone. */
  settle(connection: Connection): void {
    const request = this.byConnection.get(connection);
    const pending = request && this.byId.get(request.id);
    if (!pending) return;
    this.byConnection.delete(connection);
    pending.requests.delete(request);
    if (pending.requests.size === 0) this.finish(request.id, pending);
  }

  /** Asks the store for the session of a request; who asks while that is under way gets the same answer. */
  search(request: ResumeRequest, callback: Taker): void {
    const { application, id } = request;
    const pending = this.byId.get(id);
    if (!pending) return;
    pending.search ??= this.begin(request, pending);
    const { search } = pending;
    // Of another store, which may be another application's: that has to be asked when this one is done.
    if (search.application !== application) callback({ name: 'later' });
    else if (search.found) callback(search.found);
    else search.waiting.push(callback);
  }

  private begin({ application, id, connection }: ResumeRequest, pending: Pending): Search {
    const search = new Search(application, pending.requests);
    this.source.find(application, id, search, connection, (found) => {
      this.answered(id, pending, search, found);
    });
    return search;
  }

  private answered(id: string, pending: Pending, search: Search, found: Found): void {
    const waiting = search.waiting.splice(0);
    search.found = found;
    if (search.signal.aborted && found.name !== 'found') {
      // The question was withdrawn. Who has come since asks anew.
      pending.search = undefined;
      for (const callback of waiting) callback(undefined);
    } else {
      if (found.name !== 'found') pending.search = undefined;
      for (const callback of waiting) callback(search.isGranted ? undefined : found);
    }
    if (pending.requests.size === 0) this.finish(id, pending);
  }

  /** Nobody asks any more: a question to the store is withdrawn, a session that was found goes back to it. */
  private finish(id: string, pending: Pending): void {
    const { search } = pending;
    if (search && !search.found) {
      search.abort();
      return;
    }
    if (this.byId.get(id) === pending) this.byId.delete(id);
    pending.search = undefined;
    if (search?.found?.name === 'found') this.source.giveBack(search.application, search.found.session);
  }
}
