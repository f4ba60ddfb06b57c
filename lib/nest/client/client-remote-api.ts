import type { BaseRpcContext } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import type { JstpArgs } from '../jstp-args.js';

/** What a remote method's declared result is to its caller: of a stream its last value, of `JstpArgs` their values. */
type ResultOf<Declared> = Arriving<StreamedBy<Awaited<Declared>>>;

type StreamedBy<Result> =
  Result extends Observable<infer Value> ? Value : Result extends AsyncIterable<infer Value> ? Value : Result;

/** One value arrives as it is, several as an array. */
type Arriving<Result> =
  Result extends JstpArgs<infer Values>
    ? Values extends readonly []
      ? undefined
      : Values extends readonly [infer Only]
        ? Only
        : Values
    : Result;

/** `@Ctx()` is given by Nest, not by the caller: parameters of its type are left out. */
type ArgumentsOf<Parameters extends readonly unknown[]> =
  HasContext<Parameters> extends true ? WithoutContexts<Parameters> : Parameters;

/** The last one first: what is before it keeps its names. */
type WithoutContexts<Parameters extends readonly unknown[]> = Parameters extends readonly [
  ...infer Before,
  infer Last,
]
  ? IsContext<Last> extends true
    ? ArgumentsOf<Before>
    : WithoutFirst<Parameters>
  : WithoutFirst<Parameters>;

type WithoutFirst<Parameters extends readonly unknown[]> = Parameters extends readonly [
  infer First,
  ...infer After,
]
  ? [...(IsContext<First> extends true ? [] : [First]), ...ArgumentsOf<After>]
  : Parameters extends readonly [(infer First)?, ...infer After]
    ? [...(IsContext<First> extends true ? [] : [First?]), ...ArgumentsOf<After>]
    : Parameters;

type HasContext<Parameters extends readonly unknown[]> = true extends {
  [Index in keyof Parameters]: IsContext<Parameters[Index]>;
}[number]
  ? true
  : false;

/** `any` is none, nor is what may be something else. */
type IsContext<Parameter> = 0 extends 1 & Parameter
  ? false
  : [NonNullable<Parameter>] extends [never]
    ? false
    : [NonNullable<Parameter>] extends [BaseRpcContext]
      ? true
      : false;

/**
 * A remote interface as its caller sees it: each method of `Api`, which may be the class of the handlers, returns a
 * Promise of its result (of a stream's last value; of an array where it answers several values by `JstpArgs`), and
 * takes its parameters but those of `@Ctx()`. What is no method, as the events that an interface declares as fields,
 * is left out.
 */
export type RemoteApi<Api> = {
  readonly [Name in keyof Api as MethodName<Api, Name>]: Api[Name] extends (
    ...args: infer Args
  ) => infer Result
    ? (...args: ArgumentsOf<Args>) => Promise<ResultOf<Result>>
    : never;
};

type MethodName<Api, Name extends keyof Api> = Api[Name] extends (...args: never[]) => unknown
  ? Name extends NotRemote
    ? never
    : Name
  : never;

type NotRemote = (typeof NOT_REMOTE)[number];

// `then` would make every `await` of the proxy a call; Nest calls the hooks of whatever a provider gives.
const NOT_REMOTE = [
  'then',
  'onModuleInit',
  'onModuleDestroy',
  'onApplicationBootstrap',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
] as const;

const notRemote: ReadonlySet<string> = new Set(NOT_REMOTE);

/**
 * Makes an object with every name as a method.
 * @param call makes the call of a name
 */
export function createRemoteApi<Api>(
  call: (method: string, args: unknown[]) => Promise<unknown>,
): RemoteApi<Api> {
  const methods = new Map<string, (...args: unknown[]) => Promise<unknown>>();
  const target = Object.freeze(Object.create(null) as object);
  return new Proxy(target, {
    get(_target, name) {
      if (typeof name === 'symbol' || notRemote.has(name)) return undefined;
      const method = methods.get(name) ?? ((...args: unknown[]) => call(name, args));
      methods.set(name, method);
      return method;
    },
  }) as RemoteApi<Api>;
}
