import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Registry, type OpenMetricsContentType } from 'prom-client';
import { JstpClient, JstpServer, RemoteError, type Connection } from '../../lib/index.js';
import { Application } from '../../lib/core.js';
import { registerMetrics, type MetricSources } from '../../lib/metrics/index.js';
import { DURATION_FAMILIES, NUMBER_FAMILIES } from '../../lib/metrics/families.js';
import { prometheusName } from '../../lib/metrics/prometheus.js';
import { Closing } from '../support/closing.js';
import type { Back } from '../support/core.js';
import { LOOPBACK } from '../support/ports.js';

Logger.overrideLogger(false);

const closing = new Closing();
afterEach(() => closing.run());

const APP = new Application<Connection>('chat@2.0.0', {
  rooms: {
    join: (_connection: Connection, room: string, callback: Back) => callback(null, room),
    fail: (_connection: Connection, callback: Back) => callback(new RemoteError(1001)),
  },
});

async function running() {
  const server = new JstpServer({ host: LOOPBACK, port: 0, applications: [APP], metrics: true });
  closing.add(() => server.close());
  const registry = new Registry();
  const listen = () => new Promise<void>((resolve) => server.listen(() => resolve()));
  const connect = async () => {
    const { port } = server.unwrap().address() as { port: number };
    const client = new JstpClient({ app: 'chat', host: LOOPBACK, port, metrics: true });
    closing.add(() => client.close());
    await client.connect();
    return client;
  };
  return { server, registry, listen, connect };
}

/** The lines of a text of Prometheus that begin so. */
function linesOf(text: string, start: string): string[] {
  return text.split('\n').filter((line) => line.startsWith(start));
}

describe('the metrics in a registry of prom-client', () => {
  test('have calls, by the names that OpenTelemetry gives them', async () => {
    const { server, registry, listen, connect } = await running();
    await listen();
    const client = await connect();
    registerMetrics(registry, { chat: server, gateway: client });
    for (const room of ['a', 'b']) await client.call('rooms', 'join', room);
    await client.call('rooms', 'fail').catch(() => undefined);
    await client.call('rooms', 'made up').catch(() => undefined);
    const text = await registry.metrics();
    const labels = 'jstp_name="chat",rpc_system_name="jstp"';
    expect(linesOf(text, 'rpc_server_call_duration_seconds_count')).toEqual([
      `rpc_server_call_duration_seconds_count{${labels},rpc_method="rooms/join",jstp_application="chat@2.0.0"} 2`,
      `rpc_server_call_duration_seconds_count{${labels},rpc_method="rooms/fail",jstp_application="chat@2.0.0",error_type="1001"} 1`,
      `rpc_server_call_duration_seconds_count{${labels},rpc_method="_OTHER",jstp_application="chat@2.0.0",error_type="14"} 1`,
    ]);
    const buckets = linesOf(text, 'rpc_server_call_duration_seconds_bucket').filter((line) =>
      line.includes('rooms/join'),
    );
    expect(buckets).toHaveLength(15);
    expect(buckets.at(-1)).toMatch(/le="\+Inf"\} 2$/);
    expect(linesOf(text, 'rpc_client_call_duration_seconds_count')[0]).toBe(
      'rpc_client_call_duration_seconds_count{jstp_name="gateway",rpc_system_name="jstp",rpc_method="rooms/join",jstp_application="chat"} 2',
    );
    expect(linesOf(text, 'jstp_client_connected')).toEqual(['jstp_client_connected{jstp_name="gateway"} 1']);
    expect(linesOf(text, 'jstp_server_sessions_opened_total')).toEqual([
      'jstp_server_sessions_opened_total{jstp_name="chat"} 1',
    ]);
    expect(text).toContain('# TYPE rpc_server_call_duration_seconds histogram');
  });

  test('are read anew by each scrape, also as OpenMetrics', async () => {
    const { server, listen, connect } = await running();
    const registry = new Registry<OpenMetricsContentType>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    await listen();
    registerMetrics(registry, { chat: server });
    const opened = async () => linesOf(await registry.metrics(), 'jstp_server_sessions_opened');
    expect(await opened()).toEqual(['jstp_server_sessions_opened_total{jstp_name="chat"} 0']);
    await connect();
    expect(await opened()).toEqual(['jstp_server_sessions_opened_total{jstp_name="chat"} 1']);
    registry.resetMetrics();
    expect(await opened()).toEqual(['jstp_server_sessions_opened_total{jstp_name="chat"} 1']);
  });

  test('leave out a server that does not listen yet', async () => {
    const { server, registry, listen } = await running();
    registerMetrics(registry, { chat: server });
    expect(linesOf(await registry.metrics(), 'jstp_server_sessions_opened_total')).toEqual([]);
    await listen();
    expect(linesOf(await registry.metrics(), 'jstp_server_sessions_opened_total')).toHaveLength(1);
  });

  test('do not leave out a source that fails', async () => {
    const registry = new Registry();
    const getMetrics = () => {
      throw new Error('cannot count');
    };
    registerMetrics(registry, { chat: { countsMetrics: true, getMetrics } });
    await expect(registry.metrics()).rejects.toThrow('cannot count');
  });

  test('are refused for a source that does not count', () => {
    const source = new JstpServer();
    const message = 'sources.chat must be made with the option metrics: true, but was made without';
    expect(() => registerMetrics(new Registry(), { chat: source })).toThrow(message);
  });

  test('are refused for what is no source, and for one without a name', () => {
    const register = (sources: unknown) => () => registerMetrics(new Registry(), sources as MetricSources);
    const byName = 'sources must be an object of servers and clients by name, but ';
    expect(register(undefined)).toThrow(`${byName}undefined was given`);
    expect(register(new JstpServer({ metrics: true }))).toThrow(byName);
    expect(register({ chat: undefined })).toThrow('sources.chat must be a server or a client, but undefined');
    expect(register({ chat: {} })).toThrow('sources.chat must be a server or a client, but ');
  });

  test('can be merged with those of other processes', async () => {
    const { server, registry, listen } = await running();
    await listen();
    registerMetrics(registry, { chat: server });
    const other = new Registry();
    expect(await Registry.merge([registry, other]).metrics()).toContain('jstp_server_sessions_opened_total');
    const [first] = (await registry.getMetricsAsJSON()) as { name: string; aggregator: string }[];
    expect(first).toMatchObject({ name: 'rpc_server_call_duration_seconds', aggregator: 'sum' });
  });
});

describe('the dashboard', () => {
  interface Panel {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }
  const dashboard = JSON.parse(readFileSync('docs/grafana-dashboard.json', 'utf8')) as {
    readonly panels: readonly Panel[];
    readonly templating: { readonly list: readonly { readonly query?: unknown }[] };
  };
  const families = [...DURATION_FAMILIES, ...NUMBER_FAMILIES];
  const known = new Set(
    families.flatMap((family) => {
      const name = prometheusName(family);
      return family.kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
    }),
  );
  const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  const variables = dashboard.templating.list.map(({ query }) => JSON.stringify(query ?? ''));
  const named = (text: string): string[] => text.match(/\b(?:jstp|rpc)_(?:server|client|events)_\w+/g) ?? [];

  test('asks in every query for a metric that exists', () => {
    expect(expressions.length).toBeGreaterThan(10);
    for (const expression of expressions) expect(named(expression)).not.toEqual([]);
    const unknown = [...expressions, ...variables].flatMap(named).filter((name) => !known.has(name));
    expect(unknown).toEqual([]);
  });

  test('uses labels that exist', () => {
    const labels = new Set([
      'jstp_name',
      'rpc_method',
      'rpc_system_name',
      'jstp_application',
      'error_type',
      'jstp_reason',
      'jstp_budget',
      'messaging_destination_name',
      'le',
      'job',
      'instance',
    ]);
    const used = expressions.flatMap((text) => [
      ...Array.from(text.matchAll(/(\w+)\s*(?:=~?|!=|!~)\s*"/g), ([, name]) => name),
      ...Array.from(text.matchAll(/\bby \(([^)]*)\)/g), ([, names]) => names.split(/,\s*/)).flat(),
    ]);
    expect(used.filter((name) => !labels.has(name))).toEqual([]);
  });

  test('has each panel at a place of its own', () => {
    const places = dashboard.panels.map(({ gridPos }: Panel & { gridPos?: { x: number; y: number } }) =>
      JSON.stringify(gridPos),
    );
    expect(new Set(places).size).toBe(places.length);
  });
});
