import { metrics } from '@opentelemetry/api';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type DataPoint,
  type Histogram,
} from '@opentelemetry/sdk-metrics';
import * as conventions from '@opentelemetry/semantic-conventions';
import { afterEach, describe, expect, test } from '@jest/globals';
import { DURATION_BOUNDS } from '../../lib/connection/metrics/duration-histogram.js';
import { RemoteError } from '../../lib/core.js';
import { DURATION_FAMILIES } from '../../lib/metrics/families.js';
import { JstpInstrumentation, observeMetrics } from '../../lib/opentelemetry/index.js';
import { Closing } from '../support/closing.js';
import { dial, startCore, type Back } from '../support/core.js';
import { Application, type Connection } from '../../lib/core.js';

const closing = new Closing();
afterEach(() => closing.run());

const APP = new Application<Connection>('app', {
  rooms: {
    join: (_connection: Connection, room: string, callback: Back) => callback(null, room),
    fail: (_connection: Connection, callback: Back) => callback(new RemoteError(1001)),
  },
});

/** The real SDK; `read` collects and returns the points of a metric. */
function collector() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  closing.add(() => provider.shutdown());
  const read = async (name: string): Promise<readonly DataPoint<unknown>[]> => {
    exporter.reset();
    await provider.forceFlush();
    const all = exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    return all.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
  };
  return { provider, read };
}

async function connected() {
  const { server, port } = await startCore(closing, { applications: [APP], metrics: true });
  const connection = await dial(closing, port);
  return { server, port, connection };
}

describe('the instrumentation', () => {
  async function measured(config = {}, isDisabled = false) {
    const { provider, read } = collector();
    const { connection } = await connected();
    const instrumentation = new JstpInstrumentation(config);
    closing.add(registerInstrumentations({ instrumentations: [instrumentation], meterProvider: provider }));
    if (isDisabled) instrumentation.disable();
    await connection.callMethod('rooms', 'join', ['lobby']);
    await connection.callMethod('rooms', 'fail', []).catch(() => undefined);
    await connection.callMethod('rooms', 'made up', []).catch(() => undefined);
    return read;
  }

  test('records the durations of calls by the conventions, also of what no handler sees', async () => {
    const read = await measured();
    const served = await read(conventions.METRIC_RPC_SERVER_CALL_DURATION);
    const called = await read(conventions.METRIC_RPC_CLIENT_CALL_DURATION);
    const common = { 'rpc.system.name': 'jstp', 'jstp.application': 'app' };
    expect(served.map(({ attributes }) => attributes)).toEqual([
      { ...common, 'rpc.method': 'rooms/join' },
      { ...common, 'rpc.method': 'rooms/fail', 'error.type': '1001', 'rpc.status_code': '1001' },
      { ...common, 'rpc.method': '_OTHER', 'error.type': '14', 'rpc.status_code': '14' },
    ]);
    expect(called.map(({ attributes }) => attributes)).toEqual([
      expect.objectContaining({ 'rpc.method': 'rooms/join', 'server.address': '127.0.0.1' }),
      expect.objectContaining({ 'rpc.method': 'rooms/fail', 'error.type': '1001' }),
      expect.objectContaining({ 'rpc.method': 'rooms/made up', 'error.type': '14' }),
    ]);
    const [first] = served.map(({ value }) => value as Histogram);
    expect(first.count).toBe(1);
    expect(first.buckets.boundaries).toEqual(DURATION_BOUNDS);
  });

  test('records none where that is not wanted, or where it was disabled', async () => {
    const unwanted = await measured({ metrics: false });
    expect(await unwanted(conventions.METRIC_RPC_SERVER_CALL_DURATION)).toEqual([]);
    const disabled = await measured({}, true);
    expect(await disabled(conventions.METRIC_RPC_SERVER_CALL_DURATION)).toEqual([]);
  });

  test('names what the conventions name', () => {
    expect(DURATION_FAMILIES.map(({ name }) => name)).toEqual([
      conventions.METRIC_RPC_SERVER_CALL_DURATION,
      conventions.METRIC_RPC_CLIENT_CALL_DURATION,
    ]);
  });
});

describe('observeMetrics', () => {
  test('gives a meter what was counted, until that is ended', async () => {
    const { provider, read } = collector();
    const { server, port } = await connected();
    const end = observeMetrics(provider.getMeter('test'), { chat: server });
    const point = { attributes: { 'jstp.name': 'chat' }, value: 1 };
    expect(await read('jstp.server.sessions.opened')).toMatchObject([point]);
    const budgets = await read('jstp.server.budget.used');
    expect(budgets).toContainEqual(
      expect.objectContaining({ attributes: { 'jstp.name': 'chat', 'jstp.budget': 'sessions' }, value: 1 }),
    );
    end();
    await dial(closing, port);
    // The SDK goes on with what it was told last.
    expect(await read('jstp.server.sessions.opened')).toMatchObject([point]);
  });

  test('refuses a source that does not count', async () => {
    const { server } = await startCore(closing);
    expect(() => observeMetrics(metrics.getMeter('test'), { chat: server })).toThrow(/sources\.chat/);
  });
});
