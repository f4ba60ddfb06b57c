import {
  context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { InternalApiError } from '../application/application.js';
import type { Follower, Interest, Observer } from '../connection/observing/observers.js';
import type {
  Operation,
  OperationKind,
  ReceiveOperation,
  SendOperation,
} from '../connection/observing/operations.js';
import { ERR_CANCELLED } from '../protocol/error-codes.js';
import { ATTRIBUTES, describeCall, describeConnection, describeEvent } from './attributes.js';
import { extractContext, injectContext } from './trace-context.js';

/** What an observer asks of the instrumentation. */
export interface TracingSettings {
  /** The tracer in force: a provider may be set later. */
  tracer(): Tracer;
  /** The options in force. */
  config(): {
    readonly connections?: boolean;
    readonly ignore?: (operation: Operation) => boolean;
    readonly startHook?: (span: Span, operation: Operation) => void;
    readonly endHook?: (span: Span, operation: Operation) => void;
  };
  /** Gets what a hook of the user has thrown. */
  hookFailed(error: unknown): void;
}

const CONNECTION_KINDS: readonly OperationKind[] = ['connect', 'handshake', 'resume'];

/** Makes spans of what this process does. */
export class TracingObserver implements Observer {
  private readonly inConnections: Interest;

  constructor(private readonly settings: TracingSettings) {
    this.inConnections = {
      get hasSubscribers() {
        return settings.config().connections === true;
      },
    };
  }

  interestIn(kind: OperationKind): Interest | boolean {
    return !CONNECTION_KINDS.includes(kind) || this.inConnections;
  }

  begin(operation: Operation): Follower | undefined {
    const { ignore, startHook } = this.settings.config();
    if (ignore && this.guard(() => ignore(operation)) === true) return undefined;
    const [span, inside] = this.start(operation);
    if (startHook) this.guard(() => startHook(span, operation));
    return {
      run: (run) => context.with(inside, run),
      end: () => {
        this.end(span, operation);
      },
    };
  }

  /** @returns the span, and the context in which its operation runs */
  private start(operation: Operation): [span: Span, inside: Context] {
    switch (operation.kind) {
      case 'call':
      case 'emit':
        return this.startSending(operation);
      case 'serve':
        return this.startServing(operation);
      case 'handle':
        return this.startHandling(operation);
      case 'connect':
      case 'handshake':
      case 'resume': {
        const { name, attributes } = describeConnection(operation);
        const isServer = 'side' in operation && operation.side === 'server';
        const kind = isServer ? SpanKind.SERVER : SpanKind.CLIENT;
        const parent = context.active();
        const span = this.settings.tracer().startSpan(name, { kind, attributes }, parent);
        return [span, trace.setSpan(parent, span)];
      }
    }
  }

  private startSending(operation: SendOperation): [Span, Context] {
    const isCall = operation.kind === 'call';
    const { name, attributes } = isCall ? describeCall(operation) : describeEvent(operation);
    const kind = isCall ? SpanKind.CLIENT : SpanKind.PRODUCER;
    const parent = context.active();
    const span = this.settings.tracer().startSpan(name, { kind, attributes }, parent);
    const inside = trace.setSpan(parent, span);
    // Inside, and what is active there. Why: Sentry's propagator takes no other context.
    context.with(inside, () => {
      injectContext(operation, context.active());
    });
    return [span, inside];
  }

  private startServing(operation: ReceiveOperation): [Span, Context] {
    const { name, attributes } = describeCall(operation);
    const parent = extractContext(operation.metadata);
    const span = this.settings.tracer().startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
    return [span, trace.setSpan(parent, span)];
  }

  /** Why a trace of its own: one event may go to thousands of clients, and nobody waits for what they do. */
  private startHandling(operation: ReceiveOperation): [Span, Context] {
    const { name, attributes } = describeEvent(operation);
    const received = extractContext(operation.metadata);
    const sender = trace.getSpanContext(received);
    const links = sender ? [{ context: sender }] : [];
    const kind = SpanKind.CONSUMER;
    const span = this.settings.tracer().startSpan(name, { kind, attributes, links }, ROOT_CONTEXT);
    // With the sender's baggage.
    return [span, trace.setSpan(received, span)];
  }

  private end(span: Span, operation: Operation): void {
    const { code, error } = operation;
    const isCall = operation.kind === 'call' || operation.kind === 'serve';
    if (isCall) span.setAttribute(ATTRIBUTES.rpcStatusCode, String(code));
    // Who cancels has what it wanted: a subscriber that takes one value, say.
    if (code !== 0 && code !== ERR_CANCELLED) {
      span.setAttribute(ATTRIBUTES.errorType, String(code));
      const message = error instanceof Error ? error.message : undefined;
      span.setStatus({ code: SpanStatusCode.ERROR, message });
      if (error instanceof InternalApiError && error.cause instanceof Error)
        span.recordException(error.cause);
    }
    const { endHook } = this.settings.config();
    if (endHook) this.guard(() => endHook(span, operation));
    span.end();
  }

  /** Runs a hook of the user. Why: the call that is traced must not fail with it. */
  private guard<T>(run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      this.settings.hookFailed(error);
      return undefined;
    }
  }
}
