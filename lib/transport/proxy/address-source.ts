import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { ListenerSink } from '../../server/listener.js';
import { check, isBoolean, nullable } from '../../protocol/option-checks.js';
import { ConfigurationError } from '../../protocol/configuration-error.js';
import { ignore, isThenable } from '../../util/callback.js';
import { peerAddress } from '../node-internals.js';
import { noteClientAddress } from './client-address.js';
import { forwardedAddress } from './forwarded.js';
import type { ForwardedHeader, SocketAddressSource, WebSocketAddressSource } from './proxy-options.js';
import { TrustedProxies } from './trusted-proxies.js';

const HEADERS: readonly ForwardedHeader[] = ['x-forwarded-for', 'forwarded'];

type Refusals = Pick<ListenerSink, 'refuse'>;

/** Finds the addresses of a listener's clients. */
export class AddressSource {
  /** Whether each connection begins with a header of the PROXY protocol. */
  readonly readsProxyHeader: boolean;
  private readonly proxies: TrustedProxies | undefined;

  /**
   * @param options those of the listener
   * @param prefix what the names of options begin with in errors
   * @throws {ConfigurationError} for a value that is not allowed
   */
  constructor(
    private readonly options: SocketAddressSource & WebSocketAddressSource,
    prefix = '',
  ) {
    const { trustProxy, proxyProtocol, forwardedHeader, clientAddress } = options;
    check(`${prefix}proxyProtocol`, proxyProtocol, 'true or false', nullable(isBoolean));
    const isFunction = (value: unknown): boolean => typeof value === 'function';
    check(`${prefix}clientAddress`, clientAddress, 'a function of the socket', nullable(isFunction));
    const isHeader = (value: unknown): boolean => HEADERS.includes(value as ForwardedHeader);
    const allowed = HEADERS.map((header) => `'${header}'`).join(' or ');
    check(`${prefix}forwardedHeader`, forwardedHeader, allowed, nullable(isHeader));
    const isAlone = (): boolean => clientAddress == null || (trustProxy == null && !proxyProtocol);
    check(`${prefix}clientAddress`, clientAddress, 'given without trustProxy and proxyProtocol', isAlone);
    this.readsProxyHeader = proxyProtocol ?? false;
    this.proxies = trustProxy == null ? undefined : new TrustedProxies(`${prefix}trustProxy`, trustProxy);
  }

  /** Whether the address of a socket's client is known only with its upgrade request. */
  waitsForRequest(socket: Socket): boolean {
    return this.options.clientAddress != null || (this.proxies?.has(peerAddress(socket)) ?? false);
  }

  /** Whether a socket may begin with a header of the PROXY protocol. */
  trusts(socket: Socket): boolean {
    return this.proxies?.has(peerAddress(socket)) ?? true;
  }

  /**
   * The address of a socket's client; undefined where it has none, null where the client is refused.
   * @param sink is told of the refusal
   */
  ofSocket(socket: Socket, sink: Refusals): string | undefined | null {
    return this.options.clientAddress ? this.ask(sink, socket) : peerAddress(socket);
  }

  /** The address of the client that asks for an upgrade, as {@link ofSocket} gives it. */
  ofRequest(socket: Socket, request: IncomingMessage, sink: Refusals): string | undefined | null {
    const { clientAddress, forwardedHeader } = this.options;
    if (clientAddress) return this.ask(sink, socket, request);
    const own = peerAddress(socket);
    if (!this.proxies) return own;
    const address = forwardedAddress(own, request, forwardedHeader ?? 'x-forwarded-for', this.proxies);
    if (address !== undefined && address !== own) noteClientAddress(socket, address);
    return address;
  }

  private ask(sink: Refusals, socket: Socket, request?: IncomingMessage): string | undefined | null {
    try {
      const address: unknown = this.options.clientAddress?.(socket, request);
      if (isThenable(address)) throw refusedPromise(address);
      if (typeof address !== 'string') return peerAddress(socket);
      noteClientAddress(socket, address);
      return address;
    } catch (error) {
      // The peer chooses the request, and must not end the process by what it makes a function throw.
      sink.refuse('clientAddress', peerAddress(socket), error);
      return null;
    }
  }
}

/** Why not awaited: limits count a connection by its address before anything is kept or read of it. */
function refusedPromise(promise: PromiseLike<unknown>): ConfigurationError {
  // It may be rejected, which must not end the process.
  promise.then(ignore, ignore);
  const allowed = 'a function that returns the address at once';
  return new ConfigurationError(
    'clientAddress',
    undefined,
    allowed,
    `clientAddress must be ${allowed}, but it returned a Promise`,
  );
}
