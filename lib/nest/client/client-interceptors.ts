import type { Type } from '@nestjs/common';
import { defer, from, isObservable, mergeMap, type Observable } from 'rxjs';
import { ConfigurationError } from '../../protocol/configuration-error.js';
import { check } from '../../protocol/option-checks.js';
import { isClass, isThenable } from '../../util/callback.js';
import { JstpRecord, type JstpRecordOptions } from '../jstp-record.js';
import { targetOf, type PatternNormalizer } from '../target.js';

/**
 * A call or an event of a JstpClient on its way out, as interceptors see it, with what its {@link JstpRecord} says. It is
 * never changed: an interceptor that wants another one hands on a copy, `next({ ...call, metadata })`.
 */
export interface JstpClientCall extends JstpRecordOptions {
  /** Whether it is a call, of `send`, `call` or a remote interface, or an event of `emit`. */
  readonly type: 'call' | 'event';
  /** The name of the interface. */
  readonly interface: string;
  /** The name of the method or event. */
  readonly method: string;
  /** The argument; {@link JstpArgs} for several. */
  readonly data: unknown;
}

/**
 * The rest of the chain, and at its end the client. It returns what the caller is to get; each subscription to that is
 * a call (or an event) of its own, so that `next(call).pipe(retry(2))` calls again.
 */
export type JstpClientNext = (call: JstpClientCall) => Observable<unknown>;

/** Is around the calls and events of a client: it may change them, their results and errors, or answer itself. */
export type JstpClientInterceptorFunction = (
  call: JstpClientCall,
  next: JstpClientNext,
) => Observable<unknown> | Promise<Observable<unknown>>;

/** An interceptor that is an object, as a provider of the application is. */
export interface JstpClientInterceptor {
  /** See {@link JstpClientInterceptorFunction}. */
  intercept(call: JstpClientCall, next: JstpClientNext): Observable<unknown> | Promise<Observable<unknown>>;
}

/** An interceptor as an option: a function, an object, or (with JstpClientModule) a class. */
export type JstpClientInterceptorOption =
  JstpClientInterceptorFunction | JstpClientInterceptor | Type<JstpClientInterceptor>;

/** Makes the interceptor of a class; JstpClientModule provides one. */
export type InterceptorClassResolver = (type: Type<JstpClientInterceptor>) => JstpClientInterceptor;

const ALLOWED = 'a function, an object with a method intercept, or (with JstpClientModule) the class of one';

/** Whether an option is an interceptor's class. */
function isInterceptorClass(option: unknown): option is Type<JstpClientInterceptor> {
  return typeof option === 'function' && isInterceptor(option.prototype);
}

/**
 * Checks the option `interceptors`.
 * @throws ConfigurationError naming the interceptor that is none
 */
export function checkInterceptors(given: unknown): void {
  if (given === undefined) return;
  check('interceptors', given, 'an array of interceptors', Array.isArray);
  for (const [index, option] of (given as unknown[]).entries()) {
    check(`interceptors[${index}]`, option, ALLOWED, isInterceptorOption);
  }
}

/** A client's interceptors, in order: the first one is around all others. */
export class InterceptorChain {
  private readonly interceptors: readonly JstpClientInterceptor[];

  /**
   * @param options what the user has given
   * @param normalizePattern makes Nest's route string of a pattern
   * @param resolve makes the interceptors of classes
   * @throws ConfigurationError for a class without JstpClientModule
   */
  constructor(
    options: readonly JstpClientInterceptorOption[],
    private readonly normalizePattern: PatternNormalizer,
    resolve: InterceptorClassResolver | undefined,
  ) {
    this.interceptors = options.map((option, index) => toInterceptor(option, index, resolve));
  }

  /**
   * Sends a call or an event through the chain, at each subscription.
   * @param send sends what comes out of it
   */
  run(
    type: JstpClientCall['type'],
    pattern: unknown,
    data: unknown,
    send: (pattern: unknown, data: unknown) => Observable<unknown>,
  ): Observable<unknown> {
    return defer(() => {
      const { interfaceName, name } = targetOf(pattern, this.normalizePattern);
      const first = this.from(0, ({ type: _type, interface: at, method, ...record }) => {
        const isSame = at === interfaceName && method === name;
        return send(isSame ? pattern : { interface: at, method }, toData(record));
      });
      const target = { type, interface: interfaceName, method: name };
      return first(
        data instanceof JstpRecord ? { ...target, data: data.data, ...data.options } : { ...target, data },
      );
    });
  }

  private from(at: number, last: JstpClientNext): JstpClientNext {
    if (at === this.interceptors.length) return last;
    const interceptor = this.interceptors[at];
    const next = this.from(at + 1, last);
    return (call) => defer(() => resultOf(interceptor.intercept(call, next), at));
  }
}

/** Makes what a client sends; a record of an interceptor's own adds to what was said before. */
function toData({ data, ...options }: Pick<JstpClientCall, 'data'> & JstpRecordOptions): unknown {
  if (data instanceof JstpRecord) return new JstpRecord(data.data, { ...options, ...data.options });
  return Object.keys(options).length > 0 ? new JstpRecord(data, options) : data;
}

function toInterceptor(
  option: JstpClientInterceptorOption,
  index: number,
  resolve: InterceptorClassResolver | undefined,
): JstpClientInterceptor {
  if (isInterceptorClass(option)) {
    if (resolve) return resolve(option);
    const allowed = 'an instance of the interceptor (its class with JstpClientModule only)';
    throw new ConfigurationError(`interceptors[${index}]`, option, allowed);
  }
  return typeof option === 'function' ? { intercept: option } : option;
}

function isInterceptor(option: unknown): option is JstpClientInterceptor {
  const isObject = typeof option === 'object' && option !== null;
  return isObject && typeof (option as Partial<JstpClientInterceptor>).intercept === 'function';
}

function isInterceptorOption(option: unknown): boolean {
  if (typeof option === 'function') return isInterceptorClass(option) || !isClass(option);
  return isInterceptor(option);
}

/** Why checked: an interceptor that forgets its `return` would be an error of rxjs that names nothing. */
function resultOf(result: unknown, at: number): Observable<unknown> {
  if (isObservable(result)) return result;
  if (isThenable(result)) return from(result).pipe(mergeMap((value) => observableOf(value, at)));
  return observableOf(result, at);
}

function observableOf(result: unknown, at: number): Observable<unknown> {
  if (isObservable(result)) return result;
  throw new TypeError(`interceptors[${at}] of JstpClient returned no Observable`);
}
