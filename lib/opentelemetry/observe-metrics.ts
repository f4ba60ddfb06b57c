import type { Meter, Observable } from '@opentelemetry/api';
import { NUMBER_FAMILIES, type NumberFamily } from '../metrics/families.js';
import { checkSources, readSources, type MetricSources } from '../metrics/sources.js';

/**
 * Lets a meter of OpenTelemetry read what servers and clients have counted: connections, sessions, events, bytes, budgets,
 * refusals. Durations of calls are recorded by JstpInstrumentation.
 * @param meter `metrics.getMeter('nestjs-jstp')`
 * @param sources servers and clients by names of your own, which become the attribute `jstp.name`
 * @returns a function that ends that
 * @throws ConfigurationError for a source that was made without the option `metrics`
 * @example observeMetrics(metrics.getMeter('nestjs-jstp'), { chat: app.get(JstpServer), billing: client });
 */
export function observeMetrics(meter: Meter, sources: MetricSources): () => void {
  checkSources(sources);
  const families = NUMBER_FAMILIES.map((family) => [family, instrumentOf(meter, family)] as const);
  const instruments = families.map(([, instrument]) => instrument);
  const read: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
    for (const [source, metrics] of readSources(sources)) {
      for (const [family, instrument] of families) {
        for (const { attributes, value } of family.read(metrics))
          result.observe(instrument, value, { 'jstp.name': source, ...attributes });
      }
    }
  };
  meter.addBatchObservableCallback(read, instruments);
  return () => {
    meter.removeBatchObservableCallback(read, instruments);
  };
}

function instrumentOf(meter: Meter, { name, kind, unit, description }: NumberFamily): Observable {
  const options = { description, ...(unit !== '' && { unit }) };
  return kind === 'counter'
    ? meter.createObservableCounter(name, options)
    : meter.createObservableGauge(name, options);
}
