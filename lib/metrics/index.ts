/**
 * Metrics for Prometheus: `nestjs-jstp/metrics`.
 * @module nestjs-jstp/metrics
 */
export type { MetricSource, MetricSources } from './sources.js';
export { registerMetrics, type MetricRegistry, type RegisteredMetric } from './prometheus.js';
