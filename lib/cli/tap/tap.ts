import { resolveLimits } from '../../protocol/limits.js';
import type { Transport } from '../../connection/transport.js';
import type { Admission } from '../../server/door/admission.js';
import type { Destroyable, PendingPeer } from '../../server/handshake/pending-peers.js';
import type { Listener, ListenerSink } from '../../server/listener.js';
import { dialers } from '../../transport/client-entries.js';
import type { TransportEntry } from '../../transport/entry.js';
import { net, tls, ws, wss } from '../../transport/index.js';
import { ignore } from '../../util/callback.js';
import { toLogText } from '../../util/log-text.js';
import type { Address } from '../address.js';
import { connectError } from '../failures.js';
import { TappedConnection } from './tapped-connection.js';
import type { TrafficPrinter } from './traffic-printer.js';

/** Where a tap listens, and what it connects clients to. */
export interface TapOptions {
  readonly listen: Address;
  /** For clients, where they come by TLS. */
  readonly secure: { readonly cert: string; readonly key: string } | undefined;
  readonly upstream: Address;
  /** The arguments with which the server is dialled. */
  readonly args: readonly unknown[];
}

const ENTRIES = { net, tls, ws, wss };
const SCHEMES = { net: 'jstp', tls: 'jstps', ws: 'ws', wss: 'wss' } as const;
const MESSAGE_BYTES = 256 * 1024 * 1024;
const DIAL_MS = 10_000;
/** Headers of a client's upgrade request that are passed on: guards of the server may read them. */
const PASSED_HEADERS = ['cookie', 'authorization', 'user-agent'];

/** The server decides what it takes: the tap passes on what either may send. */
const LIMITS = resolveLimits({
  maxMessageBytes: MESSAGE_BYTES,
  maxSendBufferBytes: 2 * MESSAGE_BYTES,
  messageTimeoutMs: 0,
  minReadRate: 0,
});
const PLACE: Admission = { network: undefined, identify: () => PLACE, settled: ignore, release: ignore };

/** Stands between clients and a server. */
export class Tap implements ListenerSink {
  readonly traffic = undefined;
  private readonly listener: Listener;
  private readonly connections = new Set<TappedConnection>();
  private whenListening: (error?: unknown) => void = ignore;

  /**
   * @param options where it is, and for whom
   * @param printer prints what goes through
   */
  constructor(
    private readonly options: TapOptions,
    private readonly printer: TrafficPrinter,
  ) {
    const { listen, secure } = options;
    // The entries differ in the options of Node's servers alone.
    const entry = ENTRIES[listen.transport] as TransportEntry;
    this.listener = entry.createListener({ ...secure }, LIMITS)(this);
  }

  /** Begins to listen. @returns where, for people */
  async listen(): Promise<string> {
    const { listen } = this.options;
    await new Promise<void>((resolve, reject) => {
      this.whenListening = (error) => {
        if (error === undefined) resolve();
        else reject(error);
      };
      this.listener.listen([placeOf(listen)]);
    });
    const address = this.listener.address();
    if (typeof address !== 'object' || address === null) return toLogText(listen.path ?? listen.shown);
    const { address: host, port } = address as { address: string; port: number };
    return `${SCHEMES[listen.transport]}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  /** Ends all connections, and listens no more. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.listener.close(() => resolve());
    });
    for (const connection of this.connections) connection.end('the tap has ended');
    await closed;
  }

  /** @internal */
  accept(client: Transport): void {
    const connection: TappedConnection = new TappedConnection(client, this.printer, () => {
      this.connections.delete(connection);
      giveUp();
    });
    this.connections.add(connection);
    const { upstream } = this.options;
    const late = setTimeout(() => {
      giveUp();
      connection.end(`${toLogText(upstream.shown)} cannot be reached: it does not answer`);
    }, DIAL_MS);
    const cancel = dialers
      .get(upstream.transport)
      ?.dial(this.argumentsFor(client), LIMITS, (error, transport) => {
        clearTimeout(late);
        if (transport) connection.connected(transport);
        else connection.end(connectError(error, toLogText(upstream.shown)).message);
      });
    const giveUp = (): void => {
      clearTimeout(late);
      cancel?.();
    };
  }

  /** @internal */
  admit(): Admission {
    return PLACE;
  }

  /** @internal */
  addPending(socket: Destroyable): PendingPeer {
    return { socket, connection: undefined, admission: undefined };
  }

  /** @internal */
  removePending(): void {
    // Nothing is kept of a client that has not arrived.
  }

  /** @internal */
  refuse(): void {
    // No rule of the listener's is set.
  }

  /** @internal */
  forward(event: string, [error]: readonly unknown[]): void {
    if (event === 'listening') this.whenListening();
    else if (event === 'error') this.whenListening(error ?? new Error('unknown reason'));
  }

  /** The arguments of the dial, with what the client has said in its upgrade request. */
  private argumentsFor(client: Transport): readonly unknown[] {
    const { args, upstream } = this.options;
    const request = client.upgradeRequest?.read();
    if (!request || upstream.url === undefined) return args;
    const [config, url] = args as [config: { headers?: object }, url: string];
    const passed = PASSED_HEADERS.flatMap((name) =>
      request.headers[name] === undefined ? [] : [[name, request.headers[name]]],
    );
    const headers = { ...(Object.fromEntries(passed) as object), ...config.headers };
    return [{ ...config, headers }, url, undefined, request.headers['origin']];
  }
}

function placeOf({ path, host, port, url }: Address): object {
  if (path !== undefined) return { path };
  if (url === undefined) return { host, port };
  const { hostname, port: digits, protocol } = new URL(url);
  const standard = protocol === 'wss:' ? 443 : 80;
  return { host: hostname.replace(/^\[|\]$/g, ''), port: digits === '' ? standard : Number(digits) };
}
