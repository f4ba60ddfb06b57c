import { propagation, ROOT_CONTEXT, type Context, type TextMapGetter } from '@opentelemetry/api';
import type { SendOperation } from '../connection/observing/operations.js';
import type { Metadata } from '../protocol/message.js';
import { headerWithMetadata } from '../protocol/metadata-text.js';

/** How much of a header the context may take without a closer look, as a part of what a header may have. */
const SMALL_PART = 1 / 4;

/**
 * Adds a context to the metadata of what is sent: `traceparent`, `tracestate` and `baggage`, or what the propagators have.
 * Where that is more than the metadata may have, the trace goes without its baggage, or not at all: a call never fails
 * because it is traced.
 */
export function injectContext(operation: SendOperation, context: Context): void {
  const carrier: Record<string, string> = {};
  propagation.inject(context, carrier);
  const { baggage: _baggage, ...withoutBaggage } = carrier;
  const fitting = [carrier, withoutBaggage].find((some) => fits(operation, some));
  if (fitting) operation.metadata = { ...operation.metadata, ...fitting };
}

/** Takes the context out of the metadata of what was received. */
export function extractContext(metadata: Metadata | undefined): Context {
  return metadata ? propagation.extract(ROOT_CONTEXT, metadata, getter) : ROOT_CONTEXT;
}

// A peer's metadata may be of any kind: only texts are read, and only own members.
const getter: TextMapGetter<Metadata> = {
  keys: (metadata) => Object.keys(metadata),
  get: (metadata, key) => {
    const value: unknown = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
    return typeof value === 'string' ? value : undefined;
  },
};

function fits(
  { connection, interfaceName, metadata }: SendOperation,
  carrier: Readonly<Record<string, string>>,
): boolean {
  const { maxMetadataBytes } = connection.limits;
  let length = interfaceName.length;
  for (const [key, value] of Object.entries(carrier)) length += key.length + value.length;
  if (!metadata && length < maxMetadataBytes * SMALL_PART) return true;
  try {
    const start = `[${String(Number.MIN_SAFE_INTEGER)},${JSON.stringify(interfaceName)}`;
    headerWithMetadata(start, { ...metadata, ...carrier }, maxMetadataBytes);
    return true;
  } catch {
    // Too large with the context. What cannot be sent without it either fails by itself.
    return false;
  }
}
