import type { ApplicationLike, EventNames } from '../../application/application.js';
import type { ExposedApi } from '../../application/exposed-methods.js';
import type { CallInfo, IncomingCall } from '../../application/incoming-call.js';
import type { MethodCallback } from '../../application/method-callback.js';
import { serveCall } from '../../application/serve-call.js';
import type { Connection } from '../../connection/connection.js';
import { ClientApplication } from '../../connection/keeper/client-application.js';
import { JstpError } from '../../protocol/jstp-error.js';
import type { Metadata } from '../../protocol/message.js';
import { isThenable } from '../../util/callback.js';
import type { ErrorReporter } from '../../util/event-emitter.js';
import { NEST_OUTCOMES } from './nest-outcomes.js';

/** What methods of providers serve, beside what the user exposes. */
export interface ProvidedApplication extends ApplicationLike<Connection> {
  /** Whether subscribed methods get events. */
  isListening: boolean;
  /** The events that methods are subscribed to. */
  readonly subscribed: Iterable<readonly [interfaceName: string, event: string]>;
  /** The methods that the server may call. */
  readonly exposed: Iterable<readonly [interfaceName: string, method: string]>;
  /** Returns 'Class.method' of a method, for error texts; undefined where it has none of that name. */
  originOf(interfaceName: string, methodName: string): string | undefined;
}

/** What a client exposes where providers serve its server, too: their methods, and what the user exposes. */
export class BesideProviders implements ApplicationLike<Connection> {
  readonly name = 'jstp';
  readonly version = '1.0.0';
  private own: ClientApplication;

  /**
   * @param provided what providers serve
   * @param exposed what the user has exposed before; undefined: nothing
   * @param reporter told what a method lets escape that the user has exposed
   * @throws JstpError ERR_JSTP_DUPLICATE_HANDLER for a method that both have
   */
  constructor(
    private readonly provided: ProvidedApplication,
    exposed: ApplicationLike<Connection> | ExposedApi | undefined,
    private readonly reporter: ErrorReporter,
  ) {
    this.own = this.checked(exposed ?? {});
  }

  /** Sets what the user exposes, as {@link ClientApplication.expose} does. */
  expose(application: ApplicationLike<Connection> | ExposedApi): void {
    this.own = this.checked(application);
  }

  readonly handleCall = (call: IncomingCall<Connection>): unknown =>
    serveCall(this.applicationOf(call.interfaceName, call.methodName), call, this.reporter);

  callMethod(
    connection: Connection,
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback: MethodCallback,
    call?: CallInfo<Connection>,
  ): void {
    const application = this.applicationOf(interfaceName, methodName);
    application.callMethod(connection, interfaceName, methodName, args, callback, call);
  }

  getMethods(interfaceName: string): string[] | undefined {
    const own = this.own.getMethods(interfaceName);
    const provided = this.provided.getMethods(interfaceName);
    return own && provided ? [...own, ...provided] : (own ?? provided);
  }

  hasEvent(interfaceName: string, eventName: string): boolean {
    return [this.own, this.provided].some((part) => part.hasEvent?.(interfaceName, eventName) === true);
  }

  wildcardOf(interfaceName: string, eventName: string): EventNames | undefined {
    return this.provided.wildcardOf?.(interfaceName, eventName);
  }

  handleEvent(
    connection: Connection,
    interfaceName: string,
    event: string,
    args: unknown[],
    metadata?: Metadata,
    failed?: (error: unknown) => void,
  ): unknown {
    const own = this.own.handleEvent(connection, interfaceName, event, args, metadata, failed);
    const provided = this.provided.handleEvent?.(connection, interfaceName, event, args, metadata, failed);
    return isThenable(own) && isThenable(provided) ? Promise.all([own, provided]) : (own ?? provided);
  }

  /** Of a method that neither has, the one that has the interface says so. */
  private applicationOf(interfaceName: string, methodName: string): ApplicationLike<Connection> {
    const { provided, own } = this;
    if (provided.originOf(interfaceName, methodName) !== undefined) return provided;
    return provided.getMethods(interfaceName) && !own.getMethods(interfaceName) ? provided : own;
  }

  private checked(exposed: ApplicationLike<Connection> | ExposedApi): ClientApplication {
    const application = new ClientApplication(NEST_OUTCOMES);
    application.expose(exposed);
    for (const [interfaceName, name] of this.provided.exposed) {
      if (!application.getMethods(interfaceName)?.includes(name)) continue;
      const origin = this.provided.originOf(interfaceName, name) ?? '';
      throw new JstpError(
        'ERR_JSTP_DUPLICATE_HANDLER',
        `Two methods are exposed as ${interfaceName}.${name}: ${origin}, and one by the option application or by expose()`,
      );
    }
    return application;
  }
}
