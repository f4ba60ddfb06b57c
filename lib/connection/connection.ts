import { ERR_CALLBACK_LOST } from '../protocol/error-codes.js';
import {
  formatCall,
  formatCancel,
  formatEvent,
  formatInspect,
  formatStreamCredit,
  renumber,
} from '../protocol/format-message.js';
import type { Metadata } from '../protocol/message.js';
import { Session } from '../session/session.js';
import { callWith, promisify, unwrapResults, type Callback, type TypedCallback } from '../util/callback.js';
import type { ArgumentsOf } from '../util/event-emitter.js';
import { nextTick } from '../util/host.js';
import { ANONYMOUS, loginCredentials, resumeCredentials } from './handshake/client-handshake.js';
import type { AppSpecifier } from './client-options.js';
import type { ConnectionEvents, LogEvent } from './connection-events.js';
import {
  answerCall,
  createOutgoingCall,
  INITIAL_STREAM_CREDIT,
  type OutgoingCall,
} from './calls/outgoing-calls.js';
import type { UnsentMessage } from './outbox.js';
import { RemoteProxy } from './remote-proxy.js';
import { SessionLink } from './session-link.js';
import { shakeHands } from './handshake/shake-hands.js';
import { INSPECT, inspectAsJson, type Inspect } from '../util/inspect.js';

/** What a call may say besides its arguments. */
export interface CallOptions {
  /** Takes the values of a stream as they come. Without it the last one is the result. */
  readonly onItem?: ((value: unknown) => void) | undefined;
  /** Whether the callback gets the results as one array, and not as arguments. @default false */
  readonly takesArray?: boolean | undefined;
  /** Plain data that travels beside the arguments. */
  readonly metadata?: Metadata | undefined;
}

const TAKES_ARRAY: CallOptions = { takesArray: true };

/** One side of a JSTP link: calls and events both ways, over a session that may outlive the link. */
export class Connection extends SessionLink {
  // Made when it is first asked for: most connections of a server never inspect their client.
  private proxies: Record<string, RemoteProxy> | undefined;

  /** The peer's interfaces that were inspected, by name. */
  get remoteProxies(): Record<string, RemoteProxy> {
    return (this.proxies ??= Object.create(null) as Record<string, RemoteProxy>);
  }

  /**
   * Shakes hands as a client.
   * @param app the application asked for
   * @param login a user's name, or a session to resume; nothing: anonymous
   * @param password the user's password
   */
  handshake(
    app: AppSpecifier,
    login: string | Session<Connection> | null | undefined,
    password: string | null | undefined,
    callback: Callback<[session?: Session<Connection>]>,
  ): void {
    if (login instanceof Session) shakeHands(this, app, resumeCredentials(login), callback);
    else if (login) shakeHands(this, app, loginCredentials(login, password), callback);
    else shakeHands(this, app, ANONYMOUS, callback);
  }

  /** Shakes hands with a strategy that the server's policy knows, in the place of a login. */
  authenticate(
    app: AppSpecifier,
    strategy: string,
    credentials: unknown,
    callback: Callback<[session?: Session<Connection>]>,
  ): void {
    shakeHands(this, app, { strategy, credentials, username: null, resumed: undefined }, callback);
  }

  /** Calls a method of the peer. Without a callback it returns a Promise of the result, or of the array of several. */
  callMethod(interfaceName: string, methodName: string, args: unknown[]): Promise<unknown>;
  callMethod(interfaceName: string, methodName: string, args: unknown[], callback: Callback): undefined;
  callMethod(interfaceName: string, methodName: string, args: unknown[], callback: TypedCallback): undefined;
  callMethod(
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback?: Callback | null,
  ): Promise<unknown> | undefined;
  callMethod(
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback?: Callback | TypedCallback | null,
  ): Promise<unknown> | undefined {
    if (!callback) {
      return this.promise((done) => {
        this.startCall(interfaceName, methodName, args, unwrapping(done), TAKES_ARRAY);
      });
    }
    this.startCall(interfaceName, methodName, args, callback as Callback);
    return undefined;
  }

  /**
   * The same, but a call whose answer is lost with the line is made again: it may then run twice. On a connection that
   * was closed, and whose session is alive, it waits for `reconnect(connection)`.
   */
  callMethodWithResend(interfaceName: string, methodName: string, args: unknown[]): Promise<unknown>;
  callMethodWithResend(
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback: Callback,
  ): undefined;
  callMethodWithResend(
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback?: Callback | null,
  ): Promise<unknown> | undefined;
  callMethodWithResend(
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback?: Callback | null,
  ): Promise<unknown> | undefined {
    if (!callback) {
      return this.promise((done) => {
        this.callResendable(interfaceName, methodName, args, unwrapping(done));
      });
    }
    this.callResendable(interfaceName, methodName, args, (error, results) => {
      callWith(callback, error, arrayOf(results));
    });
    return undefined;
  }

  /** @param callback gets the results as one array */
  private callResendable(
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback: Callback,
  ): void {
    const again: Callback = (error, results) => {
      const heir = this.session?.connection ?? this;
      if (error === ERR_CALLBACK_LOST && !heir.isClosed) {
        heir.callResendable(interfaceName, methodName, args, callback);
      } else callback(error, results);
    };
    this.commitCall(
      createOutgoingCall(again, undefined, 'resendable', true),
      interfaceName,
      methodName,
      args,
    );
  }

  /** Makes a call that may stream, carry metadata and be cancelled. The callback gets its end, once. */
  startCall(
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback: Callback,
    options?: CallOptions,
  ): OutgoingCall {
    const call = createOutgoingCall(callback, options?.onItem, 'call', options?.takesArray);
    this.commitCall(call, interfaceName, methodName, args, options?.metadata);
    return call;
  }

  private commitCall(
    call: OutgoingCall,
    interfaceName: string,
    methodName: string,
    args: unknown[],
    metadata?: Metadata,
  ): void {
    const { outbox } = this;
    const isForReturn = call.kind === 'resendable' && this.mayReturn;
    const refusal = outbox.refusal('call', methodName, isForReturn);
    if (refusal) {
      failCall(call, refusal);
      return;
    }
    try {
      outbox.commit(formatCall(outbox.nextId, interfaceName, methodName, args, metadata), call);
      this.limitStream(call);
    } catch (error) {
      failCall(call, error);
    }
  }

  /** Tells the peer that nobody waits for a call any more; its callback is not called. Idempotent. */
  cancelCall(call: OutgoingCall): void {
    const { outbox } = this;
    if (outbox.calls.get(call.id) !== call) return;
    outbox.calls.take(call.id);
    if (this.extensions.cancel) this.sendCancel(call);
  }

  /** @internal Nobody waits any longer for the calls under way: they fail with -1, and a peer that comes back is told. Answers with their number. */
  abandonCalls(): number {
    const lost = this.outbox.calls.loseAll();
    if (this.extensions.cancel) for (const call of lost) this.sendCancel(call);
    return lost.length;
  }

  /** @internal Sends what never went out in another session, which is lost. */
  sendUnsent(messages: readonly UnsentMessage[]): void {
    const { outbox } = this;
    for (const { text, call } of messages) {
      try {
        outbox.commit(renumber(text, outbox.nextId), call);
        if (call) this.limitStream(call);
      } catch (error) {
        if (call) failCall(call, error);
        else this.reportError(error);
      }
    }
  }

  /** Sends an event. What keeps it from being sent is emitted as 'error', if somebody listens. */
  emitRemoteEvent(interfaceName: string, eventName: string, args: unknown[]): void {
    const error = this.sendEvent(interfaceName, eventName, args);
    if (error !== undefined) this.tell(error);
  }

  /** Sends an event; answers with what keeps it from being sent, undefined if nothing does. */
  sendEvent(interfaceName: string, eventName: string, args: unknown[], metadata?: Metadata): unknown {
    const { outbox } = this;
    const refusal = outbox.refusal('event', eventName);
    if (refusal) return refusal;
    try {
      outbox.commit(formatEvent(outbox.nextId, interfaceName, eventName, args, metadata));
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** Asks for the methods of an interface; answers with a proxy that has them. */
  inspectInterface(interfaceName: string): Promise<RemoteProxy>;
  inspectInterface(interfaceName: string, callback: Callback<[proxy?: RemoteProxy]>): undefined;
  inspectInterface(
    interfaceName: string,
    callback?: Callback<[proxy?: RemoteProxy]>,
  ): Promise<RemoteProxy> | undefined {
    if (!callback) {
      return this.promise((done) => {
        this.inspectInterface(interfaceName, (error, proxy) => {
          this.holdForCaller();
          done(error, proxy);
        });
      }) as Promise<RemoteProxy>;
    }
    this.listMethods(interfaceName, (error, methods = []) => {
      if (error) callback(error);
      else callback(null, this.addProxy(interfaceName, methods));
    });
    return undefined;
  }

  /** @internal Asks for the names of an interface's methods. */
  listMethods(interfaceName: string, callback: Callback<[methods?: string[]]>): void {
    const { outbox } = this;
    const refusal = outbox.fullness();
    if (refusal) {
      fail(callback, refusal);
      return;
    }
    const done: Callback = (error, methods) => {
      if (error) callback(error);
      else
        callback(
          null,
          arrayOf(methods).filter((name) => typeof name === 'string'),
        );
    };
    const call = createOutgoingCall(done, undefined, 'call', true);
    outbox.commit(formatInspect(outbox.nextId, interfaceName), call);
  }

  /** Asks for a sign of life; the callback (or the Promise) gets the pong, or -1. */
  ping(): Promise<unknown>;
  ping(callback: Callback<[]>): undefined;
  ping(callback?: Callback<[]>): Promise<unknown> | undefined {
    if (!callback) {
      return this.promise((done) => {
        this.ping(done);
      });
    }
    const refusal = this.outbox.fullness();
    if (refusal) fail(callback, refusal);
    else this.outbox.ping(callback);
    return undefined;
  }

  override isLogged(event: LogEvent): boolean {
    return super.isLogged(event) || (this.server?.hasLogListeners ?? false);
  }

  override log<Event extends LogEvent>(event: Event, ...args: ArgumentsOf<ConnectionEvents, Event>): void {
    super.log(event, ...args);
    if (this.server?.hasLogListeners) this.server.log(this, event, args);
  }

  /** The callee may send 64 values before it hears of credit; where that is too many, it hears at once. */
  private limitStream(call: OutgoingCall): void {
    const { streamCredit } = this.limits;
    if (streamCredit >= INITIAL_STREAM_CREDIT || !this.extensions.stream) return;
    call.creditLimit = streamCredit;
    if (this.keepsAnswers) this.outbox.sendCredit(call);
    else this.sendAfterResume(formatStreamCredit(this.outbox.wireId(call.id), streamCredit));
  }

  private sendCancel(call: OutgoingCall): void {
    const text = formatCancel(this.outbox.wireId(call.id));
    if (this.keepsAnswers) this.outbox.sendAnswer(text);
    else this.sendAfterResume(text);
  }

  /** @internal The proxy of an interface, if it was inspected. */
  proxyOf(interfaceName: string): RemoteProxy | undefined {
    return this.proxies?.[interfaceName];
  }

  private addProxy(interfaceName: string, methods: readonly string[]): RemoteProxy {
    const proxy = new RemoteProxy(this, interfaceName, methods);
    this.remoteProxies[interfaceName] = proxy;
    return proxy;
  }

  /** A Promise for a call without a callback; a failure is also emitted as 'error', if somebody listens. */
  private promise(run: (callback: Callback<[result?: unknown]>) => void): Promise<unknown> {
    return promisify((resolve) => {
      run((error, result) => {
        if (error) this.tell(error);
        resolve(error, result);
      });
    });
  }

  /** @internal What `JSON.stringify` shows: who it is with, and neither its session's id nor how it logged in. */
  toJSON(): object {
    return {
      id: this.id,
      side: this.server ? 'server' : 'client',
      state: this.state.name,
      application: this.session?.binding?.application,
      username: this.username,
      remoteAddress: this.remoteAddress,
    };
  }

  /** @internal What Node prints, see {@link toJSON}. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectAsJson('Connection', this, options, inspect);
  }
}

function failCall(call: OutgoingCall, error: unknown): void {
  nextTick(() => {
    answerCall(call, error);
  });
}

function fail(callback: (error: unknown) => void, error: unknown): void {
  nextTick(() => {
    callback(error);
  });
}

/** A callback of a Promise for results as one array. */
function unwrapping(done: Callback<[result?: unknown]>): Callback {
  return (error, results) => {
    done(error, unwrapResults(arrayOf(results)));
  };
}

function arrayOf(results: unknown): unknown[] {
  return Array.isArray(results) ? results : [];
}
