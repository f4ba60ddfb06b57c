/**
 * Tracing by OpenTelemetry: `nestjs-jstp/opentelemetry`.
 * @module nestjs-jstp/opentelemetry
 */
export { JstpInstrumentation, type JstpInstrumentationConfig } from './jstp-instrumentation.js';
