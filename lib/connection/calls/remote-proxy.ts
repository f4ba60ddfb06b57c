import { canBeArguments, type Callback } from '../../util/callback.js';
import { EventEmitter, SAFE_EMIT, type ErrorReporter } from '../../util/event-emitter.js';
import { CONTROL } from '../control.js';

// Why symbols: the peer's methods may have any name.
const CONNECTION = Symbol('connection');
const INTERFACE = Symbol('interface');

/** What a proxy asks of its connection. */
export interface ProxiedConnection {
  /** Calls a method of the peer. */
  callMethod(
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback?: Callback | null,
  ): Promise<unknown> | undefined;
  /** Calls a method of the peer, again where the answer is lost. */
  callMethodWithResend(
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback?: Callback | null,
  ): Promise<unknown> | undefined;
  /** Sends an event to the peer. */
  emitRemoteEvent(interfaceName: string, eventName: string, args: unknown[]): void;
  /** @internal Reports what a listener throws. */
  readonly [CONTROL]: ErrorReporter;
}

/** The key of the proxy's method that tells the local listeners of an event of the peer. */
export const EMIT_LOCAL = Symbol('emitLocal');

/** A method of a remote interface: `(...args[, callback[, resend]])`; without a callback it returns a Promise. */
// Written as a method. Why: TypeScript compares its parameters both ways, so that the proxy's own methods fit as well.
export type RemoteMethod = { call(...args: unknown[]): unknown }['call'];

/**
 * A peer's interface: a function for each of its methods, and an emitter of its events. Methods whose
 * names the emitter has itself (`on`, `emit`...), and `then`, are reached by `connection.callMethod`.
 * A listener declares what its event brings: `proxy.on('said', (who: string) => ...)`.
 */
export class RemoteProxy extends EventEmitter<Record<string, never[]>> {
  /** The methods, by name. */
  [method: string]: RemoteMethod;

  private readonly [CONNECTION]: ProxiedConnection;
  private readonly [INTERFACE]: string;

  /**
   * @param connection where calls and events go
   * @param interfaceName the interface
   * @param methods the names of its methods
   */
  constructor(connection: ProxiedConnection, interfaceName: string, methods: readonly string[] = []) {
    super();
    this[CONNECTION] = connection;
    this[INTERFACE] = interfaceName;
    for (const name of methods) {
      // A `then` would make every `await` of the proxy a remote call.
      if (name !== 'then' && !(name in this)) this[name] = remoteMethod(connection, interfaceName, name);
    }
  }

  /** Sends an event to the peer, and to the local listeners, whose errors are reported as those of the peer's events. */
  override emit(eventName: string, ...args: unknown[]): boolean {
    this[CONNECTION].emitRemoteEvent(this[INTERFACE], eventName, args);
    return this[EMIT_LOCAL](eventName, args);
  }

  /** @internal Tells the local listeners of an event of the peer. */
  [EMIT_LOCAL](eventName: string, args: readonly unknown[]): boolean {
    // More arguments than a function can take reach no listener.
    return canBeArguments(args) && this[SAFE_EMIT](eventName, args, this[CONNECTION][CONTROL]);
  }
}

function remoteMethod(connection: ProxiedConnection, interfaceName: string, method: string): RemoteMethod {
  return (...args) => {
    const resend =
      typeof args.at(-1) === 'boolean' && typeof args.at(-2) === 'function' && args.pop() === true;
    const callback = typeof args.at(-1) === 'function' ? (args.pop() as Callback) : undefined;
    return resend
      ? connection.callMethodWithResend(interfaceName, method, args, callback)
      : connection.callMethod(interfaceName, method, args, callback);
  };
}
