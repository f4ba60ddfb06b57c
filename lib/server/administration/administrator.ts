import type { Connection } from '../../connection/connection.js';
import { controlOf } from '../../connection/control.js';
import { cutTransport } from '../../connection/serving.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { now } from '../../util/host.js';
import { SERVER_CONTROL, type ServerControl } from '../control.js';
import type { ServerUsage, Usage } from '../usage.js';
import {
  ADMINISTRATION_AWAY,
  ADMINISTRATION_NOT_FOUND,
  type BudgetName,
  type BudgetReport,
  type ConnectionDetail,
  type ConnectionPage,
  type ServerSnapshot,
} from './administration.js';
import type { CallDetails, Mark } from './call-details.js';
import { detailOf, longestOf, summaryOf } from './connection-reports.js';

/** For how long an overview is the same one. */
const OVERVIEW_MS = 1000;

/** What the administration asks of a server. */
export interface AdministeredServer {
  readonly [SERVER_CONTROL]: Pick<ServerControl, 'clients' | 'details'>;
  getUsage(): ServerUsage;
}

/** Looks into one server, and ends what is there. Costs nothing between two questions. */
export class Administrator {
  private overviewMark: Mark | undefined;
  private lastOverview: ServerSnapshot | undefined;

  constructor(
    private readonly server: AdministeredServer,
    private readonly details: CallDetails,
  ) {}

  /** Returns what the server does now, with what happened since this was asked the last time. */
  overview(): ServerSnapshot {
    const { overviewMark, lastOverview } = this;
    if (lastOverview && overviewMark && now() - overviewMark.at < OVERVIEW_MS) return lastOverview;
    const snapshot = this.snapshot(overviewMark);
    this.overviewMark = this.details.mark();
    this.lastOverview = snapshot;
    return snapshot;
  }

  /** Notes what has been counted up to now, for a later {@link snapshot}. */
  mark(): Mark {
    return this.details.mark();
  }

  /** Returns what the server does now, with what happened since a mark; undefined: since the start. */
  snapshot(mark: Mark | undefined): ServerSnapshot {
    const { periodMs, calls, events, slowest } = this.details.since(mark);
    let connected = 0;
    let away = 0;
    const connections: Connection[] = [];
    for (const connection of this.clients) {
      if (connection.handshakeDone) connected += 1;
      else away += 1;
      connections.push(connection);
    }
    return {
      at: new Date().getTime(),
      upMs: Math.round(this.details.ageMs),
      periodMs,
      clients: { connected, away },
      budgets: budgetsOf(this.server.getUsage()),
      calls,
      events,
      inService: longestOf(connections),
      slowest,
      failures: this.details.lastFailures(),
    };
  }

  /** Returns the clients whose handles are above `after`, in their order. @param asker the client that asks */
  connections(after: number, limit: number, asker: Connection): ConnectionPage {
    // Those that fit, in order. Why not all sorted: there may be many more than one page has.
    const page: Connection[] = [];
    let total = 0;
    let beyond = 0;
    for (const connection of this.clients) {
      total += 1;
      if (connection.id <= after) continue;
      beyond += 1;
      if (page.length === limit && connection.id > page[limit - 1].id) continue;
      const place = page.findLastIndex(({ id }) => id < connection.id);
      page.splice(place + 1, 0, connection);
      page.length = Math.min(page.length, limit);
    }
    return {
      connections: page.map((connection) => summaryOf(connection, asker)),
      next: beyond > page.length ? (page.at(-1)?.id ?? null) : null,
      total,
    };
  }

  /** @throws RemoteError 404 where there is no client of that handle */
  connection(handle: number, asker: Connection): ConnectionDetail {
    return detailOf(this.find(handle), asker);
  }

  /**
   * Cuts the transport of a client. Its session stays.
   * @throws RemoteError 404 where there is no client of that handle, 409 where it is away
   */
  cut(handle: number): void {
    const connection = this.find(handle);
    if (!connection.handshakeDone)
      throw new RemoteError(ADMINISTRATION_AWAY, `The client ${handle} is away: there is nothing to cut`);
    cutTransport(connection);
  }

  /**
   * Ends the session of a client.
   * @returns a function that does it. Why: who ends itself has to get the answer first
   * @throws RemoteError 404 where there is no client of that handle
   */
  ending(handle: number): () => void {
    const connection = this.find(handle);
    return () => {
      controlOf(connection).endSession();
    };
  }

  private get clients(): Iterable<Connection> {
    return this.server[SERVER_CONTROL].clients;
  }

  private find(handle: number): Connection {
    for (const connection of this.clients) if (connection.id === handle) return connection;
    throw new RemoteError(ADMINISTRATION_NOT_FOUND, `There is no client with the handle ${handle}`);
  }
}

function budgetsOf(usage: ServerUsage): Record<BudgetName, BudgetReport> {
  const budgets = Object.entries(usage).map(([name, { used, limit }]: [string, Usage]) => [
    name,
    { used, limit: limit === Infinity ? null : limit },
  ]);
  return Object.fromEntries(budgets) as Record<BudgetName, BudgetReport>;
}
