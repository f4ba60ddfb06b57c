import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { WebSocket, type ClientOptions } from 'ws';
import {
  Application,
  type Connection,
  type Server,
  type ServerOptions,
  type TransportEntry,
} from '../../lib/core.js';
import { ca } from '../support/certificates.js';
import type { Closing } from '../support/closing.js';
import { API, stopCore } from '../support/core.js';
import { LOOPBACK } from '../support/ports.js';
import type { countHandles } from '../support/open-handles.js';
import { expectNoNewHandles } from '../support/open-handles.js';
import { waitFor, within } from '../support/wait-for.js';

export const SUBPROTOCOL = 'metarhia-jstp';

/** A socket of an attacker: what it was answered, and whether it was ended. */
export class Attacker {
  text = '';
  isEnded = false;

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => (this.text += chunk.toString('latin1')));
    socket.on('error', () => (this.isEnded = true));
    socket.on('end', () => (this.isEnded = true));
    socket.on('close', () => (this.isEnded = true));
  }

  async end(): Promise<string> {
    await waitFor(() => this.isEnded, 'the end of an attack');
    return this.text;
  }
}

/** A server of any transport, under attack. */
export class SecureArena {
  readonly errors: unknown[] = [];
  readonly timeouts: unknown[] = [];

  private constructor(
    readonly server: Server,
    private readonly closing: Closing,
  ) {}

  static async start(
    closing: Closing,
    entry: object,
    options: object = {},
    serverOptions: Partial<ServerOptions> = {},
  ): Promise<SecureArena> {
    const applications = [new Application<Connection>('app', API)];
    const server = (entry as TransportEntry).createServer({ applications, ...options, ...serverOptions });
    const arena = new SecureArena(server, closing);
    server.on('connectionError', (error) => arena.errors.push(error));
    server.on('handshakeTimeout', (connection) => arena.timeouts.push(connection));
    closing.add(() => stopCore(server));
    await within(
      new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve)),
      'a server that listens',
    );
    return arena;
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  /** A plain socket. */
  async socket(): Promise<Attacker> {
    const socket = connect({ port: this.port, host: LOOPBACK, allowHalfOpen: true });
    this.closing.add(() => socket.destroy());
    const attacker = new Attacker(socket);
    await waitFor(() => !socket.connecting, 'a socket');
    return attacker;
  }

  /** A socket on TLS, as soon as it is secured or refused. */
  async secured(options: ConnectionOptions = {}): Promise<Attacker> {
    const socket: TLSSocket = connectTls({ port: this.port, host: LOOPBACK, ca, ...options });
    this.closing.add(() => socket.destroy());
    const attacker = new Attacker(socket);
    let isSecured = false;
    socket.on('secureConnect', () => (isSecured = true));
    await waitFor(() => isSecured || attacker.isEnded, 'TLS');
    return attacker;
  }

  /** A WebSocket that is open. */
  async webSocket(options: ClientOptions = {}, scheme = 'ws'): Promise<WebSocket> {
    const webSocket = this.dialWebSocket(SUBPROTOCOL, options, scheme);
    await within(
      new Promise((resolve, reject) => webSocket.on('open', resolve).on('error', reject)),
      'a WebSocket',
    );
    return webSocket;
  }

  /** The status with which an upgrade is refused. */
  async refusal(protocol: string | undefined, options: ClientOptions = {}): Promise<number | undefined> {
    const webSocket = this.dialWebSocket(protocol, options, 'ws');
    const status = new Promise<number | undefined>((resolve, reject) => {
      webSocket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
      webSocket.on('open', () => reject(new Error('It was let in')));
    });
    return within(status, 'a refusal');
  }

  /** Asserts that nothing is left of what was opened since; the handles of this process are both sides'. */
  async expectNothingLeft(before: ReturnType<typeof countHandles>): Promise<void> {
    await expectNoNewHandles(before);
  }

  private dialWebSocket(protocol: string | undefined, options: ClientOptions, scheme: string): WebSocket {
    const url = `${scheme}://${LOOPBACK}:${String(this.port)}`;
    const webSocket = new WebSocket(url, protocol ?? [], { ca, ...options });
    webSocket.on('error', () => undefined);
    this.closing.add(() => webSocket.terminate());
    return webSocket;
  }
}

/** Says something over a WebSocket, and waits for the next message. */
export function ask(webSocket: WebSocket, text: string | Buffer): Promise<string> {
  const answer = new Promise<string>((resolve, reject) => {
    webSocket.once('message', (data: Buffer) => resolve(data.toString()));
    webSocket.once('close', (code) => reject(new Error(`Closed: ${String(code)}`)));
  });
  webSocket.send(text);
  return within(answer, 'an answer');
}

/** Waits for the end of a WebSocket; answers with its code. */
export function closeOf(webSocket: WebSocket): Promise<number> {
  return within(new Promise((resolve) => webSocket.once('close', resolve)), 'a close');
}
