import type { Durations } from '../connection/metrics/duration-histogram.js';
import type { CallCounts, EventCounts } from '../connection/metrics/series.js';
import type { ClientMetrics } from '../nest/client/client-metrics.js';
import type { ServerMetrics } from '../server/metrics/server-metrics.js';
import type { Metrics } from './sources.js';

/** Attributes of a sample, by OpenTelemetry's names or by those of `jstp`. */
export type SampleAttributes = Readonly<Record<string, string>>;

/** A value of a metric, with what it is about. */
export interface Sample<Value = number> {
  readonly attributes: SampleAttributes;
  readonly value: Value;
}

/** What all metrics have, in the words of OpenTelemetry. */
interface FamilyBase {
  /** The name: 'jstp.server.sessions.opened'. */
  readonly name: string;
  /** The unit: 's', 'By' (bytes), or '' for what is only counted. */
  readonly unit: '' | 's' | 'By';
  readonly description: string;
}

/** A metric that is one number for each set of attributes. */
export interface NumberFamily extends FamilyBase {
  readonly kind: 'counter' | 'gauge';
  read(metrics: Metrics): Sample[];
}

/** A metric of durations. */
export interface DurationFamily extends FamilyBase {
  readonly kind: 'histogram';
  read(metrics: Metrics): Sample<Durations>[];
}

const SYSTEM = 'jstp';
const NONE: SampleAttributes = {};

/** Durations of calls, named and described by OpenTelemetry's semantic conventions for RPC. */
export const DURATION_FAMILIES: readonly DurationFamily[] = [
  {
    name: 'rpc.server.call.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Measures the duration of an incoming Remote Procedure Call (RPC).',
    read: ({ served }) => served.map(durationOf),
  },
  {
    name: 'rpc.client.call.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Measures the duration of an outgoing Remote Procedure Call (RPC).',
    read: ({ called }) => called.map(durationOf),
  },
];

/** All other metrics. */
export const NUMBER_FAMILIES: readonly NumberFamily[] = [
  ofAll('jstp.events.handled', 'Events of peers', ({ handled }) => handled.map(eventOf)),
  ofAll('jstp.events.emitted', 'Events that were sent', ({ emitted }) => emitted.map(eventOf)),
  ...ofServers(),
  ...ofClients(),
];

function ofServers(): NumberFamily[] {
  const one = (name: string, description: string, read: (metrics: ServerMetrics) => number) =>
    ofServer(name, description, (metrics) => [{ attributes: NONE, value: read(metrics) }]);
  return [
    one('connections.opened', 'Connections that were admitted', (metrics) => metrics.connections.opened),
    one(
      'connections.ended',
      'Connections of clients that have ended',
      (metrics) => metrics.connections.ended,
    ),
    ofServer(
      'connections.refused',
      'Connections that were refused, or have made room for others, by limit or option',
      (metrics) => byName('jstp.reason', metrics.connections.refused),
    ),
    ofServer('connections.timeouts', 'Connections that have ended by a limit of time', (metrics) =>
      byName('jstp.reason', metrics.connections.timeouts),
    ),
    ofServer('handshakes.refused', 'Handshakes that were refused, by what was refused', (metrics) =>
      byName('jstp.reason', metrics.handshakes.refused),
    ),
    one('sessions.opened', 'Logins', (metrics) => metrics.sessions.opened),
    one('sessions.resumed', 'Resumes', (metrics) => metrics.sessions.resumed),
    one('sessions.taken', 'Sessions that another client has taken', (metrics) => metrics.sessions.taken),
    ofServer('budgets.reached', 'How often a total has made clients wait', (metrics) =>
      byName('jstp.reason', metrics.budgetsReached),
    ),
    one('memory.shed', 'How often load was shed for lack of memory', (metrics) => metrics.shed),
    ofServer('errors', 'Errors of connections and of session stores', ({ errors }) =>
      byName('jstp.reason', errors),
    ),
    bytes(one('received', 'Bytes that have come', (metrics) => metrics.bytes.received)),
    bytes(one('sent', 'Bytes that were sent', (metrics) => metrics.bytes.sent)),
    gauge(
      ofServer('budget.used', 'What is used of a budget', ({ budgets }) =>
        Object.entries(budgets).map(([name, { used }]) => ({
          attributes: { 'jstp.budget': name },
          value: used,
        })),
      ),
    ),
    gauge(
      ofServer('budget.limit', 'The limit of a budget; missing where there is none', ({ budgets }) =>
        Object.entries(budgets).flatMap(([name, { limit }]) =>
          limit === null ? [] : [{ attributes: { 'jstp.budget': name }, value: limit }],
        ),
      ),
    ),
  ];
}

function ofClients(): NumberFamily[] {
  const one = (name: string, description: string, read: (metrics: ClientMetrics) => number) =>
    ofClient(name, description, (metrics) => [{ attributes: NONE, value: read(metrics) }]);
  return [
    gauge(
      one('connected', 'Whether the client is connected: 1 or 0', (m) => Number(m.connection.isConnected)),
    ),
    one('connections.opened', 'Logins and resumes of the client', (m) => m.connection.opened),
    one('connections.resumed', 'Resumes of the client', (m) => m.connection.resumed),
    one('connections.ended', 'Losses and ends of the connection', (m) => m.connection.ended),
    one('connections.attempts', 'Attempts to reconnect', (m) => m.connection.attempts),
    one('sessions.lost', 'Sessions that were lost', (m) => m.connection.sessionsLost),
    one('sessions.taken', 'Sessions that another client has taken', (m) => m.connection.sessionsTaken),
    one('errors', 'Errors that no caller gets', (m) => m.connection.errors),
    bytes(one('received', 'Bytes that have come', (m) => m.bytes.received)),
    bytes(one('sent', 'Bytes that were sent', (m) => m.bytes.sent)),
    gauge(one('calls.pending', 'Calls that wait for their answer', (m) => m.pendingCalls)),
    gauge(one('journal.messages', 'Messages that are not acknowledged', (m) => m.journal.messages)),
    gauge(bytes(one('journal.size', 'Bytes that are not acknowledged', (m) => m.journal.bytes))),
  ];
}

function ofAll(name: string, description: string, read: NumberFamily['read']): NumberFamily {
  return { name, kind: 'counter', unit: '', description, read };
}

function ofServer(
  name: string,
  description: string,
  read: (metrics: ServerMetrics) => Sample[],
): NumberFamily {
  return ofAll(`jstp.server.${name}`, description, (metrics) => (isOfServer(metrics) ? read(metrics) : []));
}

function ofClient(
  name: string,
  description: string,
  read: (metrics: ClientMetrics) => Sample[],
): NumberFamily {
  return ofAll(`jstp.client.${name}`, description, (metrics) => (isOfServer(metrics) ? [] : read(metrics)));
}

function gauge(family: NumberFamily): NumberFamily {
  return { ...family, kind: 'gauge' };
}

function bytes(family: NumberFamily): NumberFamily {
  return { ...family, unit: 'By' };
}

function isOfServer(metrics: Metrics): metrics is ServerMetrics {
  return 'budgets' in metrics;
}

function byName(attribute: string, counts: Readonly<Partial<Record<string, number>>>): Sample[] {
  return Object.entries(counts).map(([name, value = 0]) => ({ attributes: { [attribute]: name }, value }));
}

function durationOf({ duration, ...call }: CallCounts): Sample<Durations> {
  const { method } = call;
  const name = method === '_OTHER' ? method : `${call.interface}/${method}`;
  return {
    attributes: { 'rpc.system.name': SYSTEM, 'rpc.method': name, ...applicationAndOutcome(call) },
    value: duration,
  };
}

function eventOf({ count, ...event }: EventCounts): Sample {
  const { method } = event;
  const name = method === '_OTHER' ? method : `${event.interface}/${method}`;
  return {
    attributes: { 'messaging.destination.name': name, ...applicationAndOutcome(event) },
    value: count,
  };
}

function applicationAndOutcome({
  application,
  outcome,
}: Pick<CallCounts, 'application' | 'outcome'>): SampleAttributes {
  return {
    ...(application !== '' && { 'jstp.application': application }),
    ...(outcome !== 'ok' && { 'error.type': outcome }),
  };
}
