import type { CallTerms } from '../../connection/calls/call-limit.js';
import { isTimeout, TIMEOUT_ALLOWED } from '../../connection/calls/limit-call.js';
import { sourcePlaces } from '../../connection/calls/outgoing-sources.js';
import { check, checkNames, isBoolean, isObject, optional } from '../../protocol/option-checks.js';
import { inheritedMs, useDeadlineScope } from '../deadline-scope.js';
import { argumentsOfData, JstpRecord, type JstpRecordOptions } from '../jstp-record.js';
import { targetOf, type PatternNormalizer, type Target } from '../target.js';
import { Retries, type ResolvedRetry } from './retry.js';

/** What is said about a method, once for all of its calls. */
export interface MethodOptions {
  /** Milliseconds until the answer, or the end of a stream; 0: any time. @default the client's `timeout` */
  readonly timeout?: number;
  /** Whether the method may run twice, so that a call may be repeated (`retry`). @default false */
  readonly idempotent?: boolean;
}

/** The options of a client that limit and repeat its calls. */
export interface CallRuleOptions {
  readonly timeout: number;
  readonly methods: ReadonlyMap<string, ReadonlyMap<string, MethodOptions>>;
  readonly inheritDeadline: boolean;
  readonly retry: ResolvedRetry | undefined;
}

/** What holds for one call. */
export interface CallRule extends CallTerms {
  /** Decides about retries; undefined: there are none. */
  readonly retries: Retries | undefined;
}

/** The name of a method that stands for all methods of its interface. */
const ALL = '*';
const METHOD_NAMES = Object.keys({ timeout: true, idempotent: true } satisfies Record<
  keyof MethodOptions,
  true
>);
const asItIs: PatternNormalizer = String;

/**
 * The option `methods`, by interface, then by method.
 * @param given by pattern: `'rooms.list'`, or `'rooms.*'` for all other methods of the interface
 * @throws ConfigurationError for a value that is not allowed
 */
export function resolveMethods(
  given: Readonly<Record<string, MethodOptions>> = {},
): Map<string, Map<string, MethodOptions>> {
  check(
    'methods',
    given,
    'an object of method options by pattern',
    (value) => isObject(value) && !Array.isArray(value),
  );
  const methods = new Map<string, Map<string, MethodOptions>>();
  for (const [pattern, options] of Object.entries(given)) {
    const option = `methods['${pattern}']`;
    checkNames(option, options, METHOD_NAMES);
    check(`${option}.timeout`, options.timeout, TIMEOUT_ALLOWED, optional(isTimeout));
    check(`${option}.idempotent`, options.idempotent, 'a boolean', optional(isBoolean));
    const { interfaceName, name } = targetOf(pattern, asItIs);
    const ofInterface = methods.get(interfaceName) ?? new Map<string, MethodOptions>();
    methods.set(interfaceName, ofInterface.set(name, options));
  }
  return methods;
}

/** Says what holds for each call of a client: how long it may take, who may cancel it, whether it may be repeated. */
export class CallRules {
  /** Whether anything holds for calls whose records say nothing. */
  readonly areAny: boolean;
  private readonly retries: Retries | undefined;

  constructor(
    private readonly options: CallRuleOptions,
    private readonly normalizePattern: PatternNormalizer,
  ) {
    const { timeout, methods, inheritDeadline, retry } = options;
    this.areAny = timeout > 0 || methods.size > 0 || inheritDeadline;
    this.retries = retry && new Retries(retry);
    if (inheritDeadline) useDeadlineScope();
  }

  /** What holds for a call; undefined: nothing in particular. */
  of(pattern: unknown, data: unknown): CallRule | undefined {
    const said: JstpRecordOptions = data instanceof JstpRecord ? data.options : {};
    const declared = this.declaredFor(pattern);
    const timeout = (said.timeout ?? declared?.timeout ?? this.options.timeout) || undefined;
    const inherited = this.options.inheritDeadline ? inheritedMs() : undefined;
    const isInherited = inherited !== undefined && !(timeout !== undefined && timeout <= inherited);
    const isRepeated =
      this.retries && (said.idempotent ?? declared?.idempotent ?? false) && !hasStreams(data);
    if (timeout === undefined && !isInherited && !said.signal && !isRepeated) return undefined;
    return {
      timeout: isInherited ? inherited : timeout,
      whose: isInherited ? 'ERR_INHERITED_TIMEOUT' : undefined,
      signal: said.signal,
      retries: isRepeated ? this.retries : undefined,
    };
  }

  private declaredFor(pattern: unknown): MethodOptions | undefined {
    const { methods } = this.options;
    if (methods.size === 0) return undefined;
    const { interfaceName, name }: Target = targetOf(pattern, this.normalizePattern);
    const ofInterface = methods.get(interfaceName);
    const all = ofInterface?.get(ALL);
    const own = ofInterface?.get(name);
    return own && all ? { ...all, ...own } : (own ?? all);
  }
}

/** Whether data have a stream, which can be read once only. */
function hasStreams(data: unknown): boolean {
  return sourcePlaces(argumentsOfData(data instanceof JstpRecord ? data.data : data)) !== undefined;
}
