import {
  ADMINISTRATION_INTERFACE,
  type ConnectionDetail,
  type ConnectionPage,
  type ServerSnapshot,
} from '../../../server/administration/administration.js';
import { describeError, type ShownError } from '../model/errors.js';
import { Series } from '../model/series.js';
import { Store } from '../model/store.js';
import { isRecord, numberOf, own, recordOf, type Unknowns } from '../model/untrusted.js';
import type { ExplorerClient } from './tapped-client.js';

/** How the watching goes. */
export interface LiveStatus {
  readonly state: 'off' | 'starting' | 'watching' | 'paused' | 'ended';
  readonly error: ShownError | undefined;
}

/** The sessions that are listed. */
export interface SessionList extends ConnectionPage {
  readonly error: ShownError | undefined;
}

/** Budgets that have a chart of their own: how full they are. */
export const BUDGET_NAMES = [
  'connections',
  'sessions',
  'callsInFlight',
  'bytesInFlight',
  'sendBufferBytes',
  'journalBytes',
  'memoryBytes',
] as const;

const INTERVAL_MS = 1000;
const PAGE_SIZE = 50;
const NO_SESSIONS: SessionList = { connections: [], next: null, total: 0, error: undefined };

/** What the server does, as its administration tells it, while somebody looks. */
export class Live {
  readonly status = new Store<LiveStatus>({ state: 'off', error: undefined });
  readonly snapshot = new Store<ServerSnapshot | undefined>(undefined);
  readonly sessions = new Store<SessionList>(NO_SESSIONS);
  readonly detail = new Store<ConnectionDetail | undefined>(undefined);
  /** Grows with each moment: the charts are drawn anew then. */
  readonly moments = new Store(0);
  /** Clients connected, and away. */
  clients = new Series(2);
  /** Calls in a second, failed ones, events. */
  rates = new Series(3);
  /** Latencies: the 50th, 90th and 99th percentile. */
  latencies = new Series(3);
  /** Percentages of the budgets' limits. */
  budgets = new Series(BUDGET_NAMES.length);
  private stream: ReturnType<ExplorerClient['streamWith']> | undefined;
  private firstHandle: number | undefined;

  constructor(private readonly client: () => ExplorerClient | undefined) {}

  /** Begins to watch; what is watched already goes on. */
  start(): void {
    const client = this.client();
    if (!client || this.stream) return;
    this.status.set({ state: 'starting', error: undefined });
    const stream = client.streamWith(ADMINISTRATION_INTERFACE, 'watch', [INTERVAL_MS], {});
    this.stream = stream;
    void this.read(stream);
    void this.list();
  }

  /** Ends the watching. What was seen stays to be seen. */
  stop(state: 'off' | 'paused' = 'off'): void {
    const { stream } = this;
    this.stream = undefined;
    this.status.set({ state, error: undefined });
    void stream?.return();
  }

  /** Forgets all, as for another server or login. */
  clear(): void {
    this.stop();
    this.clients = new Series(2);
    this.rates = new Series(3);
    this.latencies = new Series(3);
    this.budgets = new Series(BUDGET_NAMES.length);
    this.snapshot.set(undefined);
    this.sessions.set(NO_SESSIONS);
    this.detail.set(undefined);
  }

  /** Lists sessions: the first page, or those behind a handle. */
  async list(after?: number): Promise<void> {
    this.firstHandle = after;
    await this.relist();
  }

  /** Asks for the details of a session. */
  async open(handle: number): Promise<void> {
    this.detail.set(undefined);
    await this.refreshDetail(handle);
  }

  close(): void {
    this.detail.set(undefined);
  }

  /** Cuts a session's transport, or ends the session. @returns what has kept it from being done */
  async act(action: 'cut' | 'end', handle: number, isSelf: boolean): Promise<ShownError | undefined> {
    const client = this.client();
    if (!client) return describeError(new Error('There is no connection'));
    const done = client.call(ADMINISTRATION_INTERFACE, action, handle);
    try {
      await done;
    } catch (error) {
      // Who ends himself does not hear of it.
      if (!isSelf) return describeError(error);
    }
    if (action === 'end') this.close();
    else await this.refreshDetail(handle);
    await this.relist();
    return undefined;
  }

  private async relist(): Promise<void> {
    const query =
      this.firstHandle === undefined ? { limit: PAGE_SIZE } : { after: this.firstHandle, limit: PAGE_SIZE };
    try {
      const page = recordOf(await this.client()?.call(ADMINISTRATION_INTERFACE, 'connections', query));
      const listed = own(page, 'connections');
      const connections = Array.isArray(listed)
        ? (listed.filter(isRecord) as unknown as ConnectionPage['connections'])
        : [];
      const next = numberOf(own(page, 'next')) ?? null;
      this.sessions.set({
        connections,
        next,
        total: numberOf(own(page, 'total')) ?? connections.length,
        error: undefined,
      });
    } catch (error) {
      this.sessions.update((sessions) => ({ ...sessions, error: describeError(error) }));
    }
  }

  /** The detail is as it was when it was asked for, but is asked for again where the session has gone or come back. */
  private async followDetail(): Promise<void> {
    const shown = this.detail.value;
    const listed = shown && this.sessions.value.connections.find(({ handle }) => handle === shown.handle);
    if (listed && listed.state !== shown.state) await this.refreshDetail(shown.handle);
  }

  private async refreshDetail(handle: number): Promise<void> {
    try {
      const detail = await this.client()?.call(ADMINISTRATION_INTERFACE, 'connection', handle);
      if (isRecord(detail)) this.detail.set(detail as unknown as ConnectionDetail);
    } catch {
      // It has ended meanwhile: the list says so.
      this.detail.set(undefined);
    }
  }

  private async read(stream: ReturnType<ExplorerClient['streamWith']>): Promise<void> {
    let error: ShownError | undefined;
    try {
      for await (const snapshot of stream) {
        if (this.stream !== stream) return;
        if (!isSnapshot(snapshot)) continue;
        this.status.set({ state: 'watching', error: undefined });
        this.take(snapshot);
        void this.relist().then(() => this.followDetail());
      }
    } catch (thrown) {
      error = describeError(thrown);
    }
    if (this.stream !== stream) return;
    this.stream = undefined;
    this.status.set({ state: 'ended', error });
  }

  private take(snapshot: ServerSnapshot): void {
    const { calls, events, clients, budgets } = snapshot;
    const time = snapshot.at / 1000;
    this.clients.add(time, [clients.connected, clients.away]);
    const failed = snapshot.periodMs > 0 ? (calls.failed / snapshot.periodMs) * 1000 : 0;
    this.rates.add(time, [calls.perSecond, failed, events.perSecond]);
    const { latency } = calls;
    this.latencies.add(time, [latency?.p50 ?? null, latency?.p90 ?? null, latency?.p99 ?? null]);
    this.budgets.add(
      time,
      BUDGET_NAMES.map((name) => shareOf((budgets as unknown as Unknowns)[name])),
    );
    this.snapshot.set(snapshot);
    this.moments.update((moments) => moments + 1);
  }
}

/** How full a budget is, in per cent; null: it has no limit. */
export function shareOf(budget: unknown): number | null {
  const { used, limit } = recordOf(budget);
  const [part, whole] = [numberOf(used), numberOf(limit)];
  return part === undefined || whole === undefined || whole <= 0 ? null : (part / whole) * 100;
}

/** Whether a value has the shape that the page relies on. */
function isSnapshot(value: unknown): value is ServerSnapshot {
  const { at, calls, events, clients, budgets, inService, slowest, failures } = recordOf(value);
  return (
    typeof at === 'number' &&
    [calls, events, clients, budgets].every(isRecord) &&
    [inService, slowest, failures].every((list) => Array.isArray(list) && list.every(isRecord))
  );
}
