import type { Histogram, Meter } from '@opentelemetry/api';
import { DURATION_BOUNDS } from '../connection/metrics/duration-histogram.js';
import { OK, OutcomeNames } from '../connection/metrics/outcome-names.js';
import type { Follower, Observer } from '../connection/observing/observers.js';
import type { Operation, OperationKind } from '../connection/observing/operations.js';
import { DURATION_FAMILIES } from '../metrics/families.js';
import { now } from '../util/host.js';
import { ATTRIBUTES, describeCall } from './attributes.js';

/** Records the durations of calls, by the semantic conventions of OpenTelemetry. */
export class CallDurations implements Observer {
  private readonly outcomes = new OutcomeNames();
  private readonly served: Histogram;
  private readonly called: Histogram;

  constructor(meter: Meter) {
    [this.served, this.called] = DURATION_FAMILIES.map(({ name, unit, description }) =>
      meter.createHistogram(name, {
        unit,
        description,
        advice: { explicitBucketBoundaries: [...DURATION_BOUNDS] },
      }),
    );
  }

  interestIn(kind: OperationKind): boolean {
    return kind === 'serve' || kind === 'call';
  }

  begin(operation: Operation): Follower | undefined {
    const { kind } = operation;
    if (kind !== 'serve' && kind !== 'call') return undefined;
    const histogram = kind === 'serve' ? this.served : this.called;
    const start = now();
    return {
      end: () => {
        const outcome = this.outcomes.nameOf(operation.code ?? 0);
        const {
          [ATTRIBUTES.rpcMethodOriginal]: _original,
          [ATTRIBUTES.clientAddress]: _client,
          ...attributes
        } = describeCall(operation).attributes;
        histogram.record((now() - start) / 1000, {
          ...attributes,
          ...(outcome !== OK && { [ATTRIBUTES.errorType]: outcome, [ATTRIBUTES.rpcStatusCode]: outcome }),
        });
      },
    };
  }
}
