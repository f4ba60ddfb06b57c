import type { ClientMetrics } from '../nest/client/client-metrics.js';
import { ConfigurationError } from '../protocol/configuration-error.js';
import { JstpError } from '../protocol/jstp-error.js';
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
 * @throws ConfigurationError for what is no source, and for a source that was made without the option `metrics`
 */
export function checkSources(sources: MetricSources): void {
  // A program without types may leave them out, or give one without a name.
  const given: unknown = sources;
  if (typeof given !== 'object' || given === null || isSource(given))
    throw new ConfigurationError('sources', given, 'an object of servers and clients by name');
  for (const [name, source] of Object.entries(given)) {
    const option = `sources.${name}`;
    if (!isSource(source)) throw new ConfigurationError(option, source, 'a server or a client');
    if (source.countsMetrics) continue;
    const allowed = 'made with the option metrics: true';
    throw new ConfigurationError(
      option,
      source,
      allowed,
      `${option} must be ${allowed}, but was made without`,
    );
  }
}

function isSource(value: unknown): value is MetricSource {
  return typeof value === 'object' && value !== null && 'countsMetrics' in value && 'getMetrics' in value;
}

/** Reads all sources. Leaves out a server that has not begun to listen: it has nothing to tell. */
export function readSources(sources: MetricSources): (readonly [name: string, metrics: Metrics])[] {
  return Object.entries(sources).flatMap(([name, source]) => {
    try {
      return [[name, source.getMetrics()] as const];
    } catch (error) {
      if (error instanceof JstpError && error.code === 'ERR_JSTP_NOT_LISTENING') return [];
      throw error;
    }
  });
}
