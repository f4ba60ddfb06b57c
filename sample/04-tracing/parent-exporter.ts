import { SpanKind } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-node';
import { serviceName } from './process-settings.js';
import type { PlainSpan } from './plain-span.js';

/** Sends spans to the process that has started this one. */
export class ParentExporter implements SpanExporter {
  export(spans: ReadableSpan[], done: (result: { code: 0 }) => void): void {
    process.send?.({ spans: spans.map(plainOf) });
    done({ code: 0 });
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function plainOf(span: ReadableSpan): PlainSpan {
  const { name, kind, links, parentSpanContext } = span;
  const { traceId, spanId } = span.spanContext();
  return {
    service: serviceName,
    name,
    kind: SpanKind[kind],
    traceId,
    spanId,
    parentId: parentSpanContext?.spanId,
    linkedIds: links.map((link) => link.context.spanId),
  };
}
