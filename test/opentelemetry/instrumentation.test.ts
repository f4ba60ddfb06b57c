import { context, propagation, trace, type Span } from '@opentelemetry/api';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import type { InMemorySpanExporter, ReadableSpan } from '@opentelemetry/sdk-trace-node';
import * as conventions from '@opentelemetry/semantic-conventions';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Application, type Connection } from '../../lib/core.js';
import { JstpInstrumentation, type JstpInstrumentationConfig } from '../../lib/opentelemetry/index.js';
import { ATTRIBUTES } from '../../lib/opentelemetry/attributes.js';
import { Closing } from '../support/closing.js';
import { API, dial, startCore, type Back } from '../support/core.js';
import { waitFor } from '../support/wait-for.js';
import { DerivingContextManager } from './deriving-context-manager.js';
import { recordSpans, shortOf } from './spans.js';

const closing = new Closing();
afterEach(() => closing.run());

/** What the handlers have seen. */
const seen: { baggage?: string | undefined; metadata?: unknown; spanId?: string | undefined }[] = [];

function note(metadata?: unknown): void {
  const baggage = propagation.getBaggage(context.active())?.getEntry('tenant')?.value;
  seen.push({ baggage, metadata, spanId: trace.getActiveSpan()?.spanContext().spanId });
}

const EVENTS = {
  echo: {
    told: () => {
      note();
    },
  },
};

const application = new Application<Connection>(
  'app',
  {
    ...API,
    chain: {
      outer: async (connection: Connection) => {
        note();
        return connection.callMethod('side', 'inner', []);
      },
      crash: async (_connection: Connection) => Promise.reject(new Error('disk full')),
    },
  },
  EVENTS,
);

const side = new Application<Connection>('side', {
  side: {
    inner: (_connection: Connection, callback: Back) => {
      note();
      callback(null, 'inner');
    },
  },
});

interface Traced {
  readonly connection: Connection;
  readonly exporter: InMemorySpanExporter;
  readonly instrumentation: JstpInstrumentation;
}

async function traced(config: JstpInstrumentationConfig = {}): Promise<Traced> {
  seen.length = 0;
  const exporter = recordSpans(closing);
  const { server, port } = await startCore(closing, { applications: [application] });
  server.on('connectionError', () => undefined);
  const connection = await dial(closing, port, { application: side });
  const instrumentation = new JstpInstrumentation(config);
  closing.add(registerInstrumentations({ instrumentations: [instrumentation] }));
  return { connection, exporter, instrumentation };
}

function spanOf(exporter: InMemorySpanExporter, name: string, kind: string): ReadableSpan {
  const found = exporter.getFinishedSpans().find((span) => {
    const short = shortOf(span);
    return short.name === name && short.kind === kind;
  });
  if (!found) throw new Error(`There is no span ${kind} ${name}`);
  return found;
}

const ended = async (exporter: InMemorySpanExporter, count: number): Promise<ReadableSpan[]> => {
  await waitFor(() => exporter.getFinishedSpans().length >= count, `${count} spans`);
  return exporter.getFinishedSpans();
};

test('a call is a span of its caller and one of its handler, in one trace', async () => {
  const { connection, exporter } = await traced();
  await connection.callMethod('echo', 'back', [1]);
  const client = spanOf(exporter, 'echo/back', 'CLIENT');
  const server = spanOf(exporter, 'echo/back', 'SERVER');
  expect(server.spanContext().traceId).toBe(client.spanContext().traceId);
  expect(server.parentSpanContext?.spanId).toBe(client.spanContext().spanId);
  const common = {
    'rpc.system.name': 'jstp',
    'rpc.method': 'echo/back',
    'rpc.status_code': '0',
    'jstp.application': 'app',
  };
  expect(client.attributes).toEqual({
    ...common,
    'server.address': '127.0.0.1',
    'server.port': expect.any(Number),
  });
  expect(server.attributes).toEqual({ ...common, 'client.address': '127.0.0.1' });
  expect([client, server].map(shortOf)).toMatchObject([{ status: 'UNSET' }, { status: 'UNSET' }]);
});

test('the names of attributes are those of the stable conventions', () => {
  const { rpcSystem, rpcMethod, rpcMethodOriginal, rpcStatusCode, errorType } = ATTRIBUTES;
  const { serverAddress, serverPort, clientAddress } = ATTRIBUTES;
  expect([rpcSystem, rpcMethod, rpcMethodOriginal, rpcStatusCode, errorType]).toEqual([
    conventions.ATTR_RPC_SYSTEM_NAME,
    conventions.ATTR_RPC_METHOD,
    conventions.ATTR_RPC_METHOD_ORIGINAL,
    conventions.ATTR_RPC_STATUS_CODE,
    conventions.ATTR_ERROR_TYPE,
  ]);
  expect([serverAddress, serverPort, clientAddress]).toEqual([
    conventions.ATTR_SERVER_ADDRESS,
    conventions.ATTR_SERVER_PORT,
    conventions.ATTR_CLIENT_ADDRESS,
  ]);
});

test('a call that a handler makes, to its own client too, belongs to the trace', async () => {
  const { connection, exporter } = await traced();
  const tracer = trace.getTracer('test');
  await tracer.startActiveSpan('GET /', async (root) => {
    await connection.callMethod('chain', 'outer', []);
    root.end();
  });
  const spans = await ended(exporter, 5);
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
  const chain = [
    spanOf(exporter, 'GET /', 'INTERNAL'),
    spanOf(exporter, 'chain/outer', 'CLIENT'),
    spanOf(exporter, 'chain/outer', 'SERVER'),
    spanOf(exporter, 'side/inner', 'CLIENT'),
    spanOf(exporter, 'side/inner', 'SERVER'),
  ];
  expect(chain.slice(1).map((span) => span.parentSpanContext?.spanId)).toEqual(
    chain.slice(0, -1).map((span) => span.spanContext().spanId),
  );
  expect(seen.map(({ spanId }) => spanId)).toEqual(
    [chain[2], chain[4]].map((span) => span.spanContext().spanId),
  );
});

test('the caller goes on in its own context', async () => {
  const { connection } = await traced();
  const tracer = trace.getTracer('test');
  await tracer.startActiveSpan('caller', async (span) => {
    await new Promise<void>((resolve) => {
      connection.callMethod('echo', 'back', [1], () => {
        expect(trace.getActiveSpan()).toBe(span);
        resolve();
      });
    });
  });
  expect(trace.getActiveSpan()).toBeUndefined();
});

describe('a failure is told by status, error.type and status code on both sides', () => {
  test.each([
    ['echo', 'fail', [], '1', 'failed'],
    ['chain', 'crash', [], '16', 'Internal API error'],
    ['echo', 'back', [], '17', 'Invalid signature'],
  ])('%s.%s', async (interfaceName, name, args, code, message) => {
    const { connection, exporter } = await traced();
    await connection.callMethod(interfaceName, name, args).catch(() => undefined);
    for (const kind of ['CLIENT', 'SERVER']) {
      const span = spanOf(exporter, `${interfaceName}/${name}`, kind);
      expect(span.attributes).toMatchObject({ 'error.type': code, 'rpc.status_code': code });
      expect(shortOf(span).status).toBe('ERROR');
      expect(span.status.message).toBe(message);
    }
  });

  test('and the server has the exception of what its caller is not told', async () => {
    const { connection, exporter } = await traced();
    await connection.callMethod('chain', 'crash', []).catch(() => undefined);
    const [event] = spanOf(exporter, 'chain/crash', 'SERVER').events;
    expect(event.attributes).toMatchObject({ 'exception.message': 'disk full' });
    expect(spanOf(exporter, 'chain/crash', 'CLIENT').events).toEqual([]);
  });
});

test('a name that the application has not declared names no span of its server', async () => {
  const { connection, exporter } = await traced();
  await connection.callMethod('made', 'up', []).catch(() => undefined);
  const server = spanOf(exporter, 'jstp', 'SERVER');
  expect(server.attributes).toMatchObject({
    'rpc.method': '_OTHER',
    'rpc.method_original': 'made/up',
    'error.type': '12',
  });
});

test('a call that its caller cancels is no error', async () => {
  const { connection, exporter } = await traced();
  const call = connection.startCall('echo', 'never', [], () => undefined);
  await connection.callMethod('echo', 'back', [1]);
  connection.cancelCall(call);
  await ended(exporter, 4);
  for (const kind of ['CLIENT', 'SERVER']) {
    const span = spanOf(exporter, 'echo/never', kind);
    expect([shortOf(span).status, span.attributes['rpc.status_code']]).toEqual(['UNSET', '-8']);
  }
});

test('an event is a span of its sender, and one of its handler in a trace of its own with a link', async () => {
  const { connection, exporter } = await traced();
  connection.emitRemoteEvent('echo', 'told', []);
  await ended(exporter, 2);
  const sender = spanOf(exporter, 'emit echo/told', 'PRODUCER');
  const handler = spanOf(exporter, 'handle echo/told', 'CONSUMER');
  expect(handler.spanContext().traceId).not.toBe(sender.spanContext().traceId);
  expect(handler.parentSpanContext).toBeUndefined();
  expect(handler.links.map((link) => link.context.spanId)).toEqual([sender.spanContext().spanId]);
  expect(handler.attributes).toMatchObject({
    'messaging.system': 'jstp',
    'messaging.operation.name': 'handle',
    'messaging.operation.type': 'process',
    'messaging.destination.name': 'echo/told',
  });
});

test('baggage travels with calls and events', async () => {
  const { connection, exporter } = await traced();
  const baggage = propagation.createBaggage({ tenant: { value: 'müller & söhne' } });
  await context.with(propagation.setBaggage(context.active(), baggage), async () => {
    connection.emitRemoteEvent('echo', 'told', []);
    await connection.callMethod('chain', 'outer', []);
  });
  await ended(exporter, 6);
  expect(seen.map(({ baggage: value }) => value)).toEqual(Array(3).fill('müller & söhne'));
});

test('what a caller has put into the metadata stays beside the trace context', async () => {
  const { connection, exporter } = await traced({
    startHook: (_span, operation) => {
      if (operation.kind === 'serve') seen.push({ metadata: operation.metadata });
    },
  });
  await connection.callMethod('echo', 'back', [1], { metadata: { locale: 'de', traceparent: 'stale' } });
  const { traceId, spanId } = spanOf(exporter, 'echo/back', 'CLIENT').spanContext();
  expect(seen).toEqual([{ metadata: { locale: 'de', traceparent: `00-${traceId}-${spanId}-01` } }]);
});

test('a propagator that takes the active context alone, as Sentry’s does, gets that', async () => {
  const { connection, exporter } = await traced();
  const seenActive: boolean[] = [];
  context.disable();
  context.setGlobalContextManager(new DerivingContextManager());
  propagation.disable();
  propagation.setGlobalPropagator({
    inject: (given) => seenActive.push(given === context.active()),
    extract: (given) => given,
    fields: () => [],
  });
  connection.emitRemoteEvent('echo', 'told', []);
  await connection.callMethod('echo', 'back', [1]);
  expect(seenActive).toEqual([true, true]);
  expect(exporter.getFinishedSpans()).toHaveLength(4);
});

describe('a call never fails because it is traced', () => {
  const big = 'x'.repeat(5000);

  test('baggage that makes the metadata too large stays behind', async () => {
    const { connection, exporter } = await traced();
    const baggage = propagation.createBaggage({ tenant: { value: 'y'.repeat(4000) } });
    await context.with(propagation.setBaggage(context.active(), baggage), () =>
      connection.callMethod('echo', 'back', [1], { metadata: { big } }),
    );
    const client = spanOf(exporter, 'echo/back', 'CLIENT');
    expect(spanOf(exporter, 'echo/back', 'SERVER').parentSpanContext?.spanId).toBe(
      client.spanContext().spanId,
    );
  });

  test('and so does all of it where the metadata fills the header by itself', async () => {
    const { connection, exporter } = await traced();
    const fill = 'x'.repeat(connection.limits.maxMetadataBytes - 60);
    await connection.callMethod('echo', 'back', [1], { metadata: { fill } });
    expect(spanOf(exporter, 'echo/back', 'SERVER').parentSpanContext).toBeUndefined();
  });

  test('hooks that throw are reported and change nothing', async () => {
    const hook = (): never => {
      throw new Error('of the hook');
    };
    const { connection, exporter } = await traced({ startHook: hook, endHook: hook });
    expect(await connection.callMethod('echo', 'back', [1])).toBe(1);
    expect(exporter.getFinishedSpans()).toHaveLength(2);
  });

  test.each([
    ['a traceparent that is none', { traceparent: 'nonsense' }],
    ['a traceparent of another type', { traceparent: 5, baggage: { a: 1 } }],
    ['own members alone', JSON.parse('{"__proto__":{"traceparent":"00-1-2-01"}}') as object],
  ])('%s makes a trace of its own', async (_what, metadata) => {
    const { connection, exporter } = await traced({ ignore: ({ kind }) => kind === 'call' });
    await connection.callMethod('echo', 'back', [1], { metadata: { ...metadata } });
    expect(spanOf(exporter, 'echo/back', 'SERVER').parentSpanContext).toBeUndefined();
  });
});

test('operations that are ignored have no span and send no context', async () => {
  const { connection, exporter } = await traced({
    ignore: (operation) => operation.kind === 'call' && operation.name === 'back',
    startHook: (_span, operation) => {
      if (operation.kind === 'serve') seen.push({ metadata: operation.metadata });
    },
  });
  await connection.callMethod('echo', 'back', [1]);
  expect(exporter.getFinishedSpans().map(shortOf)).toMatchObject([{ kind: 'SERVER' }]);
  expect(seen).toEqual([{ metadata: undefined }]);
});

test('hooks may add attributes, at the end with the outcome', async () => {
  const endHook = (span: Span, operation: { code: unknown }): void => {
    span.setAttribute('outcome', String(operation.code));
  };
  const { connection, exporter } = await traced({ endHook });
  await connection.callMethod('echo', 'fail', []).catch(() => undefined);
  expect(exporter.getFinishedSpans().map(({ attributes }) => attributes['outcome'])).toEqual(['1', '1']);
});

test('connects and handshakes have spans where the option says so', async () => {
  const exporter = recordSpans(closing);
  const instrumentation = new JstpInstrumentation({ connections: true });
  closing.add(registerInstrumentations({ instrumentations: [instrumentation] }));
  const { port } = await startCore(closing, { applications: [application] });
  await dial(closing, port);
  expect(exporter.getFinishedSpans().map(shortOf)).toEqual([
    { name: 'jstp handshake', kind: 'SERVER', status: 'UNSET' },
    { name: 'jstp handshake', kind: 'CLIENT', status: 'UNSET' },
    { name: 'jstp connect', kind: 'CLIENT', status: 'UNSET' },
  ]);
  expect(exporter.getFinishedSpans()[1].attributes).toMatchObject({ 'jstp.handshake.strategy': 'anonymous' });
});

test('an instrumentation that is disabled makes no spans, and does again when it is enabled', async () => {
  const { connection, exporter, instrumentation } = await traced();
  instrumentation.disable();
  await connection.callMethod('echo', 'back', [1]);
  expect(exporter.getFinishedSpans()).toEqual([]);
  instrumentation.enable();
  await connection.callMethod('echo', 'back', [1]);
  expect(exporter.getFinishedSpans()).toHaveLength(2);
});
