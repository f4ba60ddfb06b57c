import type { GivenTo, ResultOf } from '../application/contract.js';

/**
 * The type of a remote interface for its callers: each method takes its parameters (what streams, for those that stream) and
 * returns a Promise of its result, of a stream of the last value.
 * Members that are no methods are left out, and so is `then`.
 */
export type RemoteInterface<Api> = {
  readonly [Name in keyof Api as MethodName<Api, Name>]: (
    ...args: GivenTo<Api[Name]>
  ) => Promise<ResultOf<Api[Name]>>;
};

type MethodName<Api, Name extends keyof Api> = Api[Name] extends (...args: never[]) => unknown
  ? Exclude<Name, 'then'>
  : never;

/** Makes an object on which every name is a method, but `then`: every `await` of it would be a call. */
export function createRemoteInterface<Api>(
  call: (method: string, args: unknown[]) => Promise<unknown>,
): RemoteInterface<Api> {
  return new Proxy(Object.freeze(Object.create(null) as object), {
    get: (_target, name) =>
      typeof name === 'symbol' || name === 'then' ? undefined : (...args: unknown[]) => call(name, args),
  }) as RemoteInterface<Api>;
}
