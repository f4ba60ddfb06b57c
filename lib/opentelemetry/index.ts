/**
 * Tracing and metrics by OpenTelemetry: `nestjs-jstp/opentelemetry`.
 * @module nestjs-jstp/opentelemetry
 */
export { observeMetrics } from './observe-metrics.js';
export { JstpInstrumentation, type JstpInstrumentationConfig } from './jstp-instrumentation.js';
