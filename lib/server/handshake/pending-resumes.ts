import type { ApplicationLike } from '../../application/application.js';
import type { Connection } from '../../connection/connection.js';
import { controlOf } from '../../connection/control.js';
import type { Limits } from '../../protocol/limits.js';
import type { HandshakeRequest } from '../../protocol/message.js';
import { isOvertaken, isSameClaimant, type SessionClaim } from '../../session/session-claim.js';
import type { ClaimRequest } from '../../session/shared-session-storage.js';
import type { Session } from '../../session/session.js';
import { host, type AbortControllerLike } from '../../util/host.js';

/** A client's request to resume a session, until it is answered. */
export interface ResumeRequest {
  /** The session's id. */
  readonly id: string;
  /** How many of the session's messages the client has received. */
  readonly receivedCount: number;
  /** Orders the requests of one client; undefined from peers that make no claims. */
  readonly order: SessionClaim | undefined;
  readonly connection: Connection;
  readonly application: ApplicationLike<Connection>;
  readonly handshake: HandshakeRequest;
}

/** What a search for a session in its store has found. */
export type Found =
  | { readonly name: 'found'; readonly session: Session<Connection> }
  | { readonly name: 'unknown' }
  /** The store cannot be reached, or another server has not handed the session over yet. */
  | { readonly name: 'later' };

/** Finds sessions in stores; the server's keeper of sessions does. */
export interface ResumeSource {
  /**
   * Asks a store for a session.
   * @param asker the connection that a failure of the store is reported of
   */
  find(
    application: ApplicationLike<Connection>,
    id: string,
    request: ClaimRequest,
    asker: Connection,
    callback: (found: Found) => void,
  ): void;
  /** Gives a session back to its store that was found and is not wanted any more. */
  giveBack(application: ApplicationLike<Connection>, session: Session<Connection>): void;
}

/** The requests for one session, and the search for it in its store. */
interface Pending {
  /** In the order in which they came. */
  readonly requests: Set<ResumeRequest>;
  search: Search | undefined;
}

/** Takes what a search has found; undefined: look for the session again, as another request has got it since. */
type FoundCallback = (found: Found | undefined) => void;

/** One search in a store. All requests that have come before its end share what it finds. */
class Search implements ClaimRequest {
  found: Found | undefined;
  /** Whether a request has got the session that was found. */
  isGranted = false;
  readonly waiting: FoundCallback[] = [];
  private readonly controller: AbortControllerLike = new host.AbortController();

  constructor(
    readonly application: ApplicationLike<Connection>,
    private readonly requests: ReadonlySet<ResumeRequest>,
    readonly limits: Limits,
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
 * Holds the requests to resume that wait for an answer: from a store, from a policy, or for the end of a hand-over.
 * Of the requests of one client the newest counts, by whichever transport it came; earlier ones end without an
 * answer. Invariant: at most one search runs for a session, and only while requests for that session wait. There are no
 * more requests than connections before their login, and no more searches than {@link searching} may be.
 */
export class PendingResumes {
  private readonly byId = new Map<string, Pending>();
  private readonly byConnection = new Map<Connection, ResumeRequest>();

  /** How many searches have no answer yet. */
  private searching = 0;

  /**
   * @param source where sessions are searched
   * @param limits those of the server. No more than `maxPendingHandshakes` searches run at once. Why: a store that does
   * not answer need be asked for no more, and the clients that made it search may have gone
   */
  constructor(
    private readonly source: ResumeSource,
    private readonly limits: Limits,
  ) {}

  /** Adds a request, and ends the earlier ones of its client. @returns false where the request itself comes too late */
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
      controlOf(other.connection).end('abandoned');
      this.settle(other.connection);
    }
    return true;
  }

  /** Whether a later request of the client that made a claim is waiting here. */
  overtakes(id: string, order: SessionClaim | undefined): boolean {
    for (const request of this.byId.get(id)?.requests ?? []) {
      if (isOvertaken(order, request.order)) return true;
    }
    return false;
  }

  /** Whether requests for a session are waiting. */
  has(id: string): boolean {
    return (this.byId.get(id)?.requests.size ?? 0) > 0;
  }

  /** Notes that a connection has got the session that it asked for, and removes its request. */
  grant(connection: Connection): void {
    const pending = this.byId.get(this.byConnection.get(connection)?.id ?? '');
    // Before `settle`, which would give the session back to the store.
    if (pending?.search) pending.search.isGranted = true;
    if (pending) pending.search = undefined;
    this.settle(connection);
  }

  /** Removes the request of a connection: it is answered, or the transport is lost. */
  settle(connection: Connection): void {
    const request = this.byConnection.get(connection);
    const pending = request && this.byId.get(request.id);
    if (!pending) return;
    this.byConnection.delete(connection);
    pending.requests.delete(request);
    if (pending.requests.size === 0) this.finish(request.id, pending);
  }

  /** Searches the store for the session of a request, or joins the search that runs already. */
  search(request: ResumeRequest, callback: FoundCallback): void {
    const { application, id } = request;
    const pending = this.byId.get(id);
    if (!pending) return;
    if (!pending.search && this.searching >= this.limits.maxPendingHandshakes) {
      callback({ name: 'later' });
      return;
    }
    pending.search ??= this.begin(request, pending);
    const { search } = pending;
    // Another application may have another store, which can be asked only when this search is over.
    if (search.application !== application) callback({ name: 'later' });
    else if (search.found) callback(search.found);
    else search.waiting.push(callback);
  }

  private begin({ application, id, connection }: ResumeRequest, pending: Pending): Search {
    const search = new Search(application, pending.requests, this.limits);
    this.searching += 1;
    this.source.find(application, id, search, connection, (found) => {
      this.answered(id, pending, search, found);
    });
    return search;
  }

  private answered(id: string, pending: Pending, search: Search, found: Found): void {
    const waiting = search.waiting.splice(0);
    this.searching -= 1;
    search.found = found;
    if (search.signal.aborted && found.name !== 'found') {
      // The search was given up, but new requests have come since: they search again.
      pending.search = undefined;
      for (const callback of waiting) callback(undefined);
    } else {
      if (found.name !== 'found') pending.search = undefined;
      for (const callback of waiting) callback(search.isGranted ? undefined : found);
    }
    if (pending.requests.size === 0) this.finish(id, pending);
  }

  /**
   * Ends what was done for requests that are all gone: gives up their search, and gives a session that was found
   * back.
   */
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
