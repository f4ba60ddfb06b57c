/** The transport id of JSTP, for handlers that are meant for this transport only: `@MessagePattern('x', JSTP)`. */
export const JSTP = Symbol.for('JSTP');

/** The application of controllers and servers that do not name one. */
export const DEFAULT_APPLICATION = 'jstp@1.0.0';

/** The key in a handler's `extras` under which the decorators of this package store what they declare. */
export const EXTRAS_KEY = 'jstp';

/**
 * The key of a method's metadata under which Nest stores a handler's extras. Nest does not export it; a test compares
 * it with the installed Nest.
 */
export const PATTERN_EXTRAS_METADATA = 'microservices:pattern_extras';

/** The metadata key of the interceptors of a class or a method. Nest does not export it either. */
export const INTERCEPTORS_METADATA = '__interceptors__';

/** The metadata keys of guards, pipes, interceptors and filters of a class or a method. */
export const ENHANCER_METADATA = [
  '__guards__',
  '__pipes__',
  INTERCEPTORS_METADATA,
  '__exceptionFilters__',
] as const;

/** The metadata key of a class under which Nest stores the parameters of its methods. */
export const ROUTE_ARGUMENTS_METADATA = '__routeArguments__';

/**
 * The metadata key of a class that other than Nest's own code runs: global enhancers in request scope are made for it.
 */
export const ENTRY_PROVIDER_METADATA = '__entryProvider__';

/** Nest's answer to a call that has no handler. */
export const NO_MESSAGE_HANDLER = 'There is no matching message handler defined in the remote service.';

/** What Nest makes of an error that is not an RpcException. */
export const INTERNAL_SERVER_ERROR = Object.freeze({ status: 'error', message: 'Internal server error' });

/** The default port of Nest's TCP transport, and of this one. */
export const DEFAULT_PORT = 3000;

/** The default host of Nest's TCP transport, and of this one. */
export const DEFAULT_HOST = 'localhost';

/** Milliseconds between pings where nothing else is said: short enough for the tables of firewalls, and for users. */
export const DEFAULT_HEARTBEAT_MS = 15_000;
