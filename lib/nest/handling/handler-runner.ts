import { AsyncResource } from 'node:async_hooks';
import type { Deserializer, MessageHandler, Serializer } from '@nestjs/microservices';
import { isObservable, type Observable } from 'rxjs';
import { JstpStream } from '../../connection/calls/jstp-stream.js';
import type { Connection } from '../../connection/connection.js';
import { ERR_INVALID_SIGNATURE, ERR_METHOD_NOT_FOUND } from '../../protocol/error-codes.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { ignore, isThenable } from '../../util/callback.js';
import type { ErrorReporter } from '../../util/event-emitter.js';
import { isAsyncIterable, pump } from '../../util/pump.js';
import { plainAnswering, type Answering, type NestCall } from './answering.js';
import { INTERNAL_SERVER_ERROR, NO_MESSAGE_HANDLER } from '../constants.js';
import { runInDeadlineScope } from '../deadline-scope.js';
import type { Arity } from '../decorators/handler-extras.js';
import { InboundOrder } from './inbound-order.js';
import { answerIterable } from './iterable-answer.js';
import { JstpContext, type JstpMessage } from '../jstp-context.js';
import { JstpSource } from '../jstp-source.js';
import { withoutStreams, type StreamlessArguments } from '../stream-arguments.js';
import { failureOf } from './nest-failure.js';
import { ObservableAnswer, type AnswerContext } from './observable-answer.js';
import { SerializedAnswering } from './serialized-answering.js';
import { MinuteLimit } from '../../util/minute-limit.js';

/** Nest's hooks around the handling of a message. */
export interface ProcessingHooks {
  start: ((context: JstpContext, done: () => Promise<void>) => unknown) | undefined;
  end: ((context: JstpContext) => void) | undefined;
}

/** What the runner needs to know of the handler of a message. */
export interface HandlerRoute {
  /**
   * The key of the handler in the table of handlers. Why not the handler itself: tracing libraries replace it after the
   * start.
   */
  readonly key: string;
  /** The pattern that the context tells. */
  readonly pattern: string;
  /** How many arguments the handler takes; undefined: any number, and a single argument is the data itself. */
  readonly arity: Arity | undefined;
}

/** What the runner of handlers needs of its server, or of its client. */
export interface RunnerSettings {
  /** The handlers, by the key of a {@link HandlerRoute}: Nest's table, on a server. */
  readonly handlers: ReadonlyMap<string, MessageHandler>;
  /** Nest's hooks; Nest may set them at any time. */
  readonly hooks: ProcessingHooks;
  readonly serializer: Serializer | undefined;
  readonly deserializer: Deserializer | undefined;
  /** Reports an error that no peer is told of. */
  readonly report: (error: unknown) => void;
  /** Makes of what a handler throws what the caller gets. @default what Nest's own filter makes of it */
  readonly errorOf?: (error: unknown) => unknown;
}

const MAX_FAULTS_PER_MINUTE = 10;

type OnEnd = (() => void) | undefined;

type Failed = (error: unknown) => void;

/** Runs Nest's handlers for calls and events, and answers with what they return. */
export class HandlerRunner implements AnswerContext, ErrorReporter {
  readonly answering: Answering;
  readonly report: (error: unknown) => void;
  private readonly handlers: ReadonlyMap<string, MessageHandler>;
  private readonly hooks: ProcessingHooks;
  private readonly inbound: InboundOrder | undefined;
  private readonly faults = new MinuteLimit(MAX_FAULTS_PER_MINUTE);
  private readonly errorOf: (error: unknown) => unknown;

  constructor(settings: RunnerSettings) {
    const { serializer, deserializer } = settings;
    this.handlers = settings.handlers;
    this.hooks = settings.hooks;
    this.report = settings.report;
    this.errorOf = settings.errorOf ?? ((error) => failureOf(error, this.report));
    this.answering = serializer ? new SerializedAnswering(serializer, this.report) : plainAnswering;
    this.inbound = deserializer && new InboundOrder(deserializer);
  }

  /** Reports what a peer has caused by what it has sent: ten times a minute at most. */
  reportFault(error: unknown): void {
    if (this.faults.allows()) this.report(error);
  }

  /** Reports what a method of a core application has thrown that is served beside the handlers. */
  reportError(error: unknown): void {
    this.report(error);
  }

  /** Answers a call that has no handler. */
  refuse(call: NestCall, code: number): void {
    this.answering.error(call, NO_MESSAGE_HANDLER, code);
  }

  /** Runs the handler of a call. */
  call(call: NestCall, route: HandlerRoute): void {
    const { connection } = call;
    const args = call.hasStreams ? call.args.map(toSource) : call.args;
    const { arity, pattern } = route;
    if (arity && !fits(arity, args)) {
      call.fail(wrongArguments(call, route, arity));
      return;
    }
    const context = new JstpContext([connection, pattern, call]);
    if (!this.inbound) {
      this.start(call, route, dataOf(route, args), context);
      return;
    }
    const { metadata } = call;
    const streamless = call.hasStreams ? withoutStreams(args) : undefined;
    const plain = dataOf(route, streamless?.plain ?? args);
    const packet = { pattern, data: plain, id: this.inbound.nextId(), metadata };
    this.inbound.read(
      connection,
      packet,
      (data) => {
        this.start(call, route, streamless ? withStreams(streamless, data, plain) : data, context);
      },
      (error) => {
        this.answering.error(call, this.errorOf(error));
      },
    );
  }

  /**
   * Runs the handler of an event.
   * @param failed told of what has failed, besides the report
   * @returns a Promise that is settled when the handler has ended, and never rejects; undefined where no handler runs
   */
  event(
    connection: Connection,
    message: JstpMessage,
    route: HandlerRoute,
    args: unknown[],
    failed: Failed = ignore,
  ): PromiseLike<void> | undefined {
    const { arity, pattern } = route;
    if (arity && !fits(arity, args)) {
      this.reportFault(
        `The event ${pattern} came with ${args.length} arguments, its handler takes ${show(arity)}`,
      );
      failed(ERR_INVALID_SIGNATURE);
      return undefined;
    }
    const context = new JstpContext([connection, pattern, message]);
    const { inbound } = this;
    if (!inbound) return this.startEvent(route, dataOf(route, args), context, failed);
    const packet = { pattern, data: dataOf(route, args), metadata: message.metadata };
    return new Promise((resolve) => {
      inbound.read(
        connection,
        packet,
        (data) => {
          resolve(this.startEvent(route, data, context, failed));
        },
        (error) => {
          this.reportFault(error);
          failed(error);
          resolve();
        },
      );
    });
  }

  /** @internal Answers with what a handler has returned. */
  readonly settle = (call: NestCall, value: unknown, onEnd: OnEnd): void => {
    if (typeof value === 'object' && value !== null) {
      // A source is that, too, but is better read as fast as it is sent on.
      if (isObservable(value) && !(value instanceof JstpSource)) {
        new ObservableAnswer(call, this, onEnd).start(value);
        return;
      }
      if (isAsyncIterable(value)) {
        const answered = answerIterable(call, value, this.answering, this.errorOf);
        call.runsUntil?.(answered);
        void answered.finally(onEnd);
        return;
      }
    }
    this.answering.value(call, value);
    onEnd?.();
  };

  private start(call: NestCall, route: HandlerRoute, data: unknown, context: JstpContext): void {
    const { remainingMs } = call;
    if (remainingMs === undefined) this.startHooked(call, route, data, context);
    else
      runInDeadlineScope(remainingMs, () => {
        this.startHooked(call, route, data, context);
      });
  }

  private startHooked(call: NestCall, route: HandlerRoute, data: unknown, context: JstpContext): void {
    const { hooks } = this;
    if (hooks.start === undefined && hooks.end === undefined)
      void this.run(call, route, data, context, undefined);
    else
      this.hook(
        context,
        (onEnd) => this.run(call, route, data, context, onEnd),
        () => {
          this.answering.error(call, INTERNAL_SERVER_ERROR);
        },
      );
  }

  /** @returns a Promise, if the handler returned one: it is settled when the call is answered */
  private run(
    call: NestCall,
    route: HandlerRoute,
    data: unknown,
    context: JstpContext,
    onEnd: OnEnd,
  ): PromiseLike<void> | undefined {
    const handler = this.handlers.get(route.key);
    if (!handler) {
      this.refuse(call, ERR_METHOD_NOT_FOUND);
      onEnd?.();
      return undefined;
    }
    const fail = (error: unknown): void => {
      this.answering.error(call, this.errorOf(error));
      onEnd?.();
    };
    try {
      const result: unknown = handler(data, context);
      if (isThenable(result)) {
        return result.then((value) => {
          this.settle(call, value, onEnd);
        }, fail);
      }
      this.settle(call, result, onEnd);
    } catch (error) {
      fail(error);
    }
    return undefined;
  }

  private startEvent(
    route: HandlerRoute,
    data: unknown,
    context: JstpContext,
    failed: Failed,
  ): PromiseLike<void> {
    const { hooks } = this;
    if (hooks.start === undefined && hooks.end === undefined)
      return this.runEvent(route, data, context, failed, undefined);
    return new Promise((resolve) => {
      let run: PromiseLike<void> | undefined;
      const hooked = this.hook(
        context,
        (onEnd) => {
          run = this.runEvent(route, data, context, failed, onEnd);
          return run;
        },
        resolve,
      );
      // A hook that ends without having run the handler has dropped the event.
      const settle = (): void => {
        resolve(run);
      };
      if (isThenable(hooked)) hooked.then(settle, settle);
      else settle();
    });
  }

  private async runEvent(
    route: HandlerRoute,
    data: unknown,
    context: JstpContext,
    failed: Failed,
    onEnd: OnEnd,
  ): Promise<void> {
    try {
      const result: unknown = await this.handlers.get(route.key)?.(data, context);
      if (isObservable(result)) await endOf(result, failed);
      else if (
        context.getArgs()[2].isEvent &&
        typeof result === 'object' &&
        result !== null &&
        isAsyncIterable(result)
      )
        await drain(result);
    } catch (error) {
      this.report(error);
      failed(error);
    }
    onEnd?.();
  }

  /**
   * Runs a handler between the hooks. The end hook runs once, in the async context that the start hook has set up.
   * @returns what the start hook returns
   */
  private hook(
    context: JstpContext,
    run: (onEnd: () => void) => PromiseLike<void> | undefined,
    onBrokenHook: () => void,
  ): unknown {
    let hasBegun = false;
    const done = async (): Promise<void> => {
      hasBegun = true;
      let hasEnded = false;
      // Why: an Observable may end in any async context.
      const scope = new AsyncResource('JstpHandler');
      await run(() => {
        if (hasEnded) return;
        hasEnded = true;
        scope.runInAsyncScope(() => {
          this.runEndHook(context);
        });
      });
    };
    const { start } = this.hooks;
    const broken = (error: unknown): void => {
      this.report(error);
      if (!hasBegun) onBrokenHook();
    };
    try {
      const result: unknown = start ? start(context, done) : done();
      if (isThenable(result)) result.then(undefined, broken);
      return result;
    } catch (error) {
      broken(error);
      return undefined;
    }
  }

  private runEndHook(context: JstpContext): void {
    try {
      this.hooks.end?.(context);
    } catch (error) {
      this.report(error);
    }
  }
}

/** Puts streams back into data. @param plain the data that were made of the arguments */
function withStreams(streamless: StreamlessArguments, data: unknown, plain: unknown): unknown {
  if (Array.isArray(plain)) return Array.isArray(data) ? streamless.putBack(data as unknown[]) : data;
  return streamless.putBack([data])[0];
}

/** Makes of a caller's stream what a handler gets. */
function toSource(argument: unknown): unknown {
  return argument instanceof JstpStream ? new JstpSource(argument) : argument;
}

function fits(arity: Arity, args: unknown[]): boolean {
  return args.length >= arity.min && args.length <= arity.max;
}

/** Makes the error of a call with a wrong number of arguments: the code alone for peers other than Nest's. */
function wrongArguments({ args, connection }: NestCall, { pattern }: HandlerRoute, arity: Arity): unknown {
  if (!connection.extensions.nest) return ERR_INVALID_SIGNATURE;
  const text = RemoteError.defaultMessages[ERR_INVALID_SIGNATURE];
  return [ERR_INVALID_SIGNATURE, `${text}: ${pattern} takes ${show(arity)} arguments, not ${args.length}`];
}

function show({ min, max }: Arity): string {
  return min === max ? String(max) : `${min} to ${max}`;
}

/**
 * Returns a handler's data: the array of arguments with `@Arg`, or of several; else the only argument, or undefined.
 */
function dataOf(route: HandlerRoute, args: unknown[]): unknown {
  if (route.arity || args.length > 1) return args;
  return args[0];
}

/** Waits for the end of an Observable, as Nest does. Why errors are not reported: Nest's filters have logged them. */
function endOf(source: Observable<unknown>, failed: Failed): Promise<void> {
  return new Promise((resolve) => {
    source.subscribe({
      error: (error: unknown) => {
        failed(error);
        resolve();
      },
      complete: resolve,
    });
  });
}

async function drain(iterable: AsyncIterable<unknown>): Promise<void> {
  await pump(iterable[Symbol.asyncIterator](), { ready: () => Promise.resolve(true), write: ignore });
}
