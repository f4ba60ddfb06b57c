import type { ObservedValueOf, Observable } from 'rxjs';

/** What a remote method's declared result is to its caller: Promises and Observables are waited for. */
type ResultOf<Declared> =
  Declared extends Observable<unknown> ? ObservedValueOf<Declared> : Awaited<Declared>;

/**
 * A remote interface as its caller sees it: each method of `Api` returns a Promise of its result; what is no
 * method, as the events that an interface declares as fields, is left out.
 */
export type RemoteApi<Api> = {
  readonly [Name in keyof Api as MethodName<Api, Name>]: Api[Name] extends (
    ...args: infer Args
  ) => infer Result
    ? (...args: Args) => Promise<ResultOf<Result>>
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
