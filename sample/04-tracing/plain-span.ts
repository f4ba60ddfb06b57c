/** What the sample prints of a span. */
export interface PlainSpan {
  /** The process that it is of. */
  readonly service: string;
  readonly name: string;
  /** 'SERVER', 'CLIENT'... */
  readonly kind: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  /** The spans that it has links to. */
  readonly linkedIds: readonly string[];
}
