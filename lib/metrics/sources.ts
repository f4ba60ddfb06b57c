import type { ClientMetrics } from '../nest/client/client-metrics.js';
import { ConfigurationError } from '../protocol/configuration-error.js';
import type { ServerMetrics } from '../server/metrics/server-metrics.js';

/** What a source has counted. */
export type Metrics = ServerMetrics | ClientMetrics;

/** A JstpServer, a JstpClient or a server of the core, made with the option `metrics`. */
export interface MetricSource {
  /** Whether it was made with the option `metrics`. */
  readonly countsMetrics: boolean;
  getMetrics(): Metrics;
}

/** Servers and clients by names of your own, which become the attribute `jstp.name`. */
export type MetricSources = Readonly<Record<string, MetricSource>>;

/**
 * Checks that there is something to read.
 * @throws ConfigurationError for a source that was made without the option `metrics`
 */
export function checkSources(sources: MetricSources): void {
  for (const [name, { countsMetrics }] of Object.entries(sources)) {
    if (!countsMetrics)
      throw new ConfigurationError(`sources.${name}`, undefined, 'made with the option metrics: true');
  }
}

/** Reads all sources. Leaves out a server that has not begun to listen: it has nothing to tell. */
export function readSources(sources: MetricSources): (readonly [name: string, metrics: Metrics])[] {
  return Object.entries(sources).flatMap(([name, source]) => {
    try {
      return [[name, source.getMetrics()] as const];
    } catch {
      return [];
    }
  });
}
