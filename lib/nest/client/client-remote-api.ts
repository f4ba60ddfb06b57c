import type { BaseRpcContext } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import type { AllGiven } from '../../application/contract.js';
import type { JstpStream } from '../../connection/calls/jstp-stream.js';
import type { JstpArgs } from '../jstp-args.js';

/** The result that the caller of a remote method gets: the last value of a stream, the values of `JstpArgs`. */
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

/** The arguments of a method, without parameters of the type of `@Ctx()`. Why: Nest passes these, not the caller. */
type ArgumentsOf<Parameters extends readonly unknown[]> =
  HasContext<Parameters> extends true ? WithoutContexts<Parameters> : Parameters;

/** Removes the last parameter first. Why: the parameters before it keep their names. */
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

/** Whether a parameter is a context. `any` is none, and neither is a union with another type. */
type IsContext<Parameter> = 0 extends 1 & Parameter
  ? false
  : [NonNullable<Parameter>] extends [never]
    ? false
    : [NonNullable<Parameter>] extends [BaseRpcContext]
      ? true
      : false;

/** The arguments of a method as its caller gives them: for a stream, whatever streams the same values. */
export type ArgumentsFor<Method> = Method extends (...args: infer Args) => unknown
  ? AllGiven<ArgumentsOf<Args>>
  : never;

/** The result of a method as its caller gets it. */
export type ResultFor<Method> = Method extends (...args: never[]) => infer Result ? ResultOf<Result> : never;

/**
 * The type of a remote interface for its callers. Each method of `Api`, which may be the class of the handlers, takes
 * its parameters but those of `@Ctx()`, and returns a Promise of its result: the last value of a stream, an array for
 * several values by `JstpArgs`. Members that are no methods are left out, for example events that an interface
 * declares as fields.
 */
export type RemoteApi<Api> = {
  readonly [Name in keyof Api as MethodName<Api, Name>]: Api[Name] extends (
    ...args: infer Args
  ) => infer Result
    ? (...args: AllGiven<ArgumentsOf<Args>>) => Promise<ResultOf<Result>>
    : never;
};

/** The same, where each method returns the stream of its results. */
export type RemoteStreams<Api> = {
  readonly [Name in keyof Api as MethodName<Api, Name>]: Api[Name] extends (
    ...args: infer Args
  ) => infer Result
    ? (...args: AllGiven<ArgumentsOf<Args>>) => JstpStream<ResultOf<Result>>
    : never;
};

type MethodName<Api, Name extends keyof Api> = Api[Name] extends (...args: never[]) => unknown
  ? Name extends NotRemote
    ? never
    : Name
  : never;

type NotRemote = (typeof NOT_REMOTE)[number];

// Why not `then`: every `await` of the proxy would be a call. Why not the hooks: Nest calls those of all providers.
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
 * Makes an object on which every name is a method.
 * @param call makes the call of a method
 */
export function createRemoteApi<Api>(call: (method: string, args: unknown[]) => unknown): RemoteApi<Api> {
  const methods = new Map<string, (...args: unknown[]) => unknown>();
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
