import type { Durations } from '../connection/metrics/duration-histogram.js';
import { DURATION_FAMILIES, NUMBER_FAMILIES, type DurationFamily, type NumberFamily } from './families.js';
import { checkSources, readSources, type Metrics, type MetricSources } from './sources.js';

/** What a registry of `prom-client` asks of a metric. */
export interface RegisteredMetric {
  /** Returns the values at present. */
  get(): Promise<unknown>;
  /** Does nothing: the counts are those of their sources. */
  reset(): void;
}

/** The part of a `Registry` of `prom-client` that is used. */
export interface MetricRegistry {
  registerMetric(metric: RegisteredMetric): void;
}

type Labels = Readonly<Record<string, string | number>>;

/** A line of a metric, in the form of `prom-client`. */
interface Line {
  readonly labels: Labels;
  readonly value: number;
  readonly metricName?: string;
}

const SUFFIXES = { '': '', s: '_seconds', By: '_bytes' } as const;

/**
 * Registers the metrics of servers and clients with a registry of `prom-client`. They are read when the registry is. Names
 * and labels are those that OpenTelemetry's exporter for Prometheus would give them.
 * @param registry that of `prom-client`: `register`, or a `Registry`
 * @param sources servers and clients by names of your own, which become the label `jstp_name`
 * @throws ConfigurationError for a source that was made without the option `metrics`
 * @example registerMetrics(register, { chat: app.get(JstpServer), billing: client });
 */
export function registerMetrics(registry: MetricRegistry, sources: MetricSources): void {
  checkSources(sources);
  const snapshots = new Snapshots(sources);
  for (const family of [...DURATION_FAMILIES, ...NUMBER_FAMILIES])
    registry.registerMetric(new FamilyMetric(family, snapshots));
}

/** The name of a metric in Prometheus. */
export function prometheusName({ name, unit, kind }: DurationFamily | NumberFamily): string {
  return `${labelOf(name)}${SUFFIXES[unit]}${kind === 'counter' ? '_total' : ''}`;
}

/** The snapshots of one scrape. Why kept: a registry asks each metric by itself, all at once. */
class Snapshots {
  private kept: ReturnType<typeof readSources> | undefined;

  constructor(private readonly sources: MetricSources) {}

  read(): ReturnType<typeof readSources> {
    if (!this.kept) {
      this.kept = readSources(this.sources);
      queueMicrotask(() => {
        this.kept = undefined;
      });
    }
    return this.kept;
  }
}

/** A family as a metric of `prom-client`. */
class FamilyMetric implements RegisteredMetric {
  /** May be changed by the registry, which leaves out '_total' for OpenMetrics. */
  name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator = 'sum';

  constructor(
    private readonly family: DurationFamily | NumberFamily,
    private readonly snapshots: Snapshots,
  ) {
    this.name = prometheusName(family);
    this.help = family.description;
    this.type = family.kind;
  }

  get(): Promise<object> {
    const { name, help, type, aggregator } = this;
    const values = this.snapshots
      .read()
      .flatMap(([source, metrics]) => this.linesOf(metrics, { jstp_name: source }));
    return Promise.resolve({ name, help, type, aggregator, values });
  }

  reset(): void {
    // The counts go on.
  }

  private linesOf(metrics: Metrics, named: Labels): Line[] {
    const { family } = this;
    if (family.kind !== 'histogram')
      return family
        .read(metrics)
        .map(({ attributes, value }) => ({ labels: { ...named, ...labelsOf(attributes) }, value }));
    return family
      .read(metrics)
      .flatMap(({ attributes, value }) =>
        histogramLines(this.name, { ...named, ...labelsOf(attributes) }, value, metrics.durationBounds),
      );
  }
}

function histogramLines(
  name: string,
  labels: Labels,
  durations: Durations,
  bounds: readonly number[],
): Line[] {
  let total = 0;
  const buckets = durations.counts.map((count, place) => {
    total += count;
    const le = place < bounds.length ? bounds[place] : '+Inf';
    return { labels: { ...labels, le }, value: total, metricName: `${name}_bucket` };
  });
  return [
    ...buckets,
    { labels, value: durations.sum, metricName: `${name}_sum` },
    { labels, value: durations.count, metricName: `${name}_count` },
  ];
}

function labelsOf(attributes: Readonly<Record<string, string>>): Labels {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [labelOf(name), value]));
}

function labelOf(name: string): string {
  return name.replaceAll('.', '_');
}
