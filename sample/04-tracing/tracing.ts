import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { JstpInstrumentation } from 'nestjs-jstp/opentelemetry';
import { ParentExporter } from './parent-exporter.js';

/*
 * Imported first, as what is instrumented has to be loaded after HttpInstrumentation. An application has one of
 * OpenTelemetry's exporters here, with a BatchSpanProcessor.
 */
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new ParentExporter())] }).register();
registerInstrumentations({ instrumentations: [new HttpInstrumentation(), new JstpInstrumentation()] });
