import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-node';
import type { Closing } from '../support/closing.js';

/** Sets up the real SDK, with its context manager and propagators, for as long as a test runs. */
export function recordSpans(closing: Closing): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  provider.register();
  closing.add(async () => {
    await provider.shutdown();
    trace.disable();
    context.disable();
    propagation.disable();
  });
  return exporter;
}

/** What tests compare of a span. */
export interface ShortSpan {
  readonly name: string;
  readonly kind: string;
  readonly status: string;
}

/** Shortens a span to what tests compare. */
export function shortOf({ name, kind, status }: ReadableSpan): ShortSpan {
  return { name, kind: SpanKind[kind], status: SpanStatusCode[status.code] };
}
