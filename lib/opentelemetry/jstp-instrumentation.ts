import type { Span } from '@opentelemetry/api';
import { InstrumentationBase, type InstrumentationConfig } from '@opentelemetry/instrumentation';
import { observe } from '../connection/observing/observe.js';
import type { Operation } from '../connection/observing/operations.js';
import { CallDurations } from './call-durations.js';
import { TracingObserver } from './tracing-observer.js';

/** The version of the spans' names and attributes, not of the package. */
const SPANS_VERSION = '1.0.0';

/** The options of {@link JstpInstrumentation}, besides those of every instrumentation. */
export interface JstpInstrumentationConfig extends InstrumentationConfig {
  /**
   * Whether connects, handshakes and resumes get spans, too. They are traces of their own: a connection is made for all
   * that use it. @default false
   */
  connections?: boolean;
  /**
   * Whether the durations of calls are recorded: `rpc.server.call.duration` and `rpc.client.call.duration`. @default true
   */
  metrics?: boolean;
  /** Returns whether an operation gets no span, and sends no trace context. @default all get one */
  ignore?: (operation: Operation) => boolean;
  /** Called with each span as it begins, to add attributes. */
  startHook?: (span: Span, operation: Operation) => void;
  /** Called with each span before it ends; the operation has its `code` and `error`. */
  endHook?: (span: Span, operation: Operation) => void;
}

/**
 * Traces calls and events of this package: for `registerInstrumentations` and `NodeSDK`. Each call has a span of its
 * caller and one of its handler, in one trace: the trace context and the baggage travel in the call's metadata. An event
 * has a span of its sender, and one of its handlers in a trace of its own, with a link to the sender's.
 *
 * It may be made before or after `nestjs-jstp` is imported, needs no loader, and patches nothing.
 * @example
 * new NodeSDK({ instrumentations: [new HttpInstrumentation(), new JstpInstrumentation()] }).start();
 */
export class JstpInstrumentation extends InstrumentationBase<JstpInstrumentationConfig> {
  // Without an initial value. Why: the base class calls `enable` before there could be one.
  private stopObserving: (() => void) | undefined;
  private durations: CallDurations | undefined;
  private stopCounting: (() => void) | undefined;

  constructor(config: JstpInstrumentationConfig = {}) {
    super('nestjs-jstp', SPANS_VERSION, config);
  }

  /** Begins to trace. */
  override enable(): void {
    super.enable();
    this.stopObserving ??= observe(
      new TracingObserver({
        tracer: () => this.tracer,
        config: () => this.getConfig(),
        hookFailed: (error) => {
          this._diag.error('A hook has failed', error);
        },
      }),
    );
    this.count();
  }

  /** Ends tracing. Spans that have begun still end. */
  override disable(): void {
    super.disable();
    this.stopObserving?.();
    this.stopObserving = undefined;
    this.stopCounting?.();
    this.stopCounting = undefined;
  }

  /** @internal A provider of meters was set. */
  protected override _updateMetricInstruments(): void {
    this.durations = new CallDurations(this.meter);
    this.count();
  }

  private count(): void {
    this.stopCounting?.();
    // The base class sets the meter after it has called `enable` for the first time.
    const isWanted = this.stopObserving && this.durations && this.getConfig().metrics !== false;
    this.stopCounting = isWanted && this.durations ? observe(this.durations) : undefined;
  }

  /** Patches no module: the package tells by itself what it does. */
  protected override init(): [] {
    return [];
  }
}
