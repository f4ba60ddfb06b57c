import { SpanKind } from '@opentelemetry/api';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import {
  NodeTracerProvider,
  SimpleSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-node';
import { JstpInstrumentation } from 'nestjs-jstp/opentelemetry';
import type { PlainSpan } from '../04-tracing/plain-span.js';

/** The spans of the first request, which the sample prints. */
export const spans: PlainSpan[] = [];
const MAX_SPANS = 7;

/** Keeps the first spans. An application has one of OpenTelemetry's exporters in its place. */
const keeper: SpanExporter = {
  export(ended: ReadableSpan[], done: (result: { code: 0 }) => void): void {
    for (const span of ended) if (spans.length < MAX_SPANS) spans.push(plainOf(span));
    done({ code: 0 });
  },
  shutdown: () => Promise.resolve(),
};

function plainOf(span: ReadableSpan): PlainSpan {
  const { traceId, spanId } = span.spanContext();
  return {
    service: 'shop',
    name: span.name,
    kind: SpanKind[span.kind],
    traceId,
    spanId,
    parentId: span.parentSpanContext?.spanId,
    linkedIds: span.links.map((link) => link.context.spanId),
  };
}

/** Of requests, those that come in: the WebSocket of the shop's own client is no part of an order. */
const http = new HttpInstrumentation({ ignoreOutgoingRequestHook: () => true });

/* Imported first, as what is instrumented has to be loaded after HttpInstrumentation. */
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(keeper)] }).register();
registerInstrumentations({ instrumentations: [http, new JstpInstrumentation()] });
