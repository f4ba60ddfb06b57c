import type { PlainSpan } from './plain-span.js';

/** The spans as lines: each below its parent, and below that what has a link to it. */
export function drawSpans(spans: readonly PlainSpan[]): string[] {
  const roots = spans.filter(({ parentId, linkedIds }) => !parentId && linkedIds.length === 0);
  return roots.flatMap((root) => [`trace ${root.traceId}`, ...draw(root, spans, '')]);
}

function draw(span: PlainSpan, spans: readonly PlainSpan[], indent: string): string[] {
  const { name, kind, service, spanId } = span;
  const below = spans.filter(({ parentId, linkedIds }) => parentId === spanId || linkedIds.includes(spanId));
  const lines = below.flatMap((one, index) => {
    const isLast = index === below.length - 1;
    const [first, ...others] = draw(one, spans, '');
    const link = one.parentId === spanId ? '' : ` (a trace of its own, with a link)`;
    return [
      `${isLast ? '└─' : '├─'} ${first}${link}`,
      ...others.map((line) => `${isLast ? '  ' : '│ '} ${line}`),
    ];
  });
  return [`${name} ${kind} of ${service}`, ...lines].map((line) => indent + line);
}
