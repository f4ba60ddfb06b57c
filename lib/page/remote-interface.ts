/** The result that the caller of a remote method gets: of a stream it is the last value. */
type ResultOf<Declared> = Awaited<Declared> extends AsyncIterable<infer Value> ? Value : Awaited<Declared>;

/** A method's type for its callers. */
type RemoteMethodOf<Method> = Method extends (...args: infer Args) => infer Result
  ? (...args: Args) => Promise<ResultOf<Result>>
  : never;

/**
 * The type of a remote interface for its callers: each method takes its parameters and returns a Promise of its result.
 * Members that are no methods are left out, and so is `then`.
 */
export type RemoteInterface<Api> = {
  readonly [Name in keyof Api as MethodName<Api, Name>]: RemoteMethodOf<Api[Name]>;
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
