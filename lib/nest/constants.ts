/** The transport id of JSTP, for handlers that are meant for this transport only: `@MessagePattern('x', JSTP)`. */
export const JSTP = Symbol.for('JSTP');

/** The application of controllers and servers that name none. */
export const DEFAULT_APPLICATION = 'jstp@1.0.0';

/** Under this name a handler's `extras` carry what the decorators of this package say of it. */
export const EXTRAS_KEY = 'jstp';

/**
 * Nest keeps a handler's extras under this key of the method's metadata. Nest does not export it; a test
 * holds it against the Nest that is installed.
 */
export const PATTERN_EXTRAS_METADATA = 'microservices:pattern_extras';

/** Nest keeps the interceptors of a class or a method under this key, which it does not export either. */
export const INTERCEPTORS_METADATA = '__interceptors__';

/** Nest keeps what a method's parameters are under this key of its class. */
export const ROUTE_ARGUMENTS_METADATA = '__routeArguments__';

/** Nest's answer to a call without a handler. */
export const NO_MESSAGE_HANDLER = 'There is no matching message handler defined in the remote service.';

/** What Nest makes of an error that is no RpcException. */
export const INTERNAL_SERVER_ERROR = Object.freeze({ status: 'error', message: 'Internal server error' });

/** The port of Nest's TCP transport, and of this one, where none is given. */
export const DEFAULT_PORT = 3000;

/** The host of Nest's TCP transport, and of this one, where none is given. */
export const DEFAULT_HOST = 'localhost';

/** Milliseconds between pings where nothing else is said: short enough for the tables of firewalls, and for users. */
export const DEFAULT_HEARTBEAT_MS = 15_000;
