import { afterEach } from '@jest/globals';
import type { INestMicroservice, LoggerService, ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { connect as connectSocket, type AddressInfo } from 'node:net';
import {
  JstpServer,
  net,
  SimpleConnectPolicy,
  type ClientOptions,
  type Connection,
  type JstpServerOptions,
  type Server as CoreServer,
} from '../../../lib/index.js';
import { Closing } from '../../support/closing.js';
import { LOOPBACK } from '../../support/ports.js';
import { moduleOf, QUIET } from '../../support/nest-app.js';
import { waitFor, within } from '../../support/wait-for.js';

const closing = new Closing();

afterEach(async () => {
  await closing.run();
});

/** Ends something after the test. */
export function atEnd(release: () => unknown): void {
  closing.add(release);
}

export interface ServiceSetup extends ModuleMetadata {
  readonly options?: JstpServerOptions;
  /** Runs before the application listens. */
  readonly configure?: (app: INestMicroservice, server: JstpServer) => void;
  readonly logger?: LoggerService;
}

/** A Nest service over JSTP on a free port, and ways to talk to it. */
export class Service {
  constructor(
    readonly app: INestMicroservice,
    readonly server: JstpServer,
  ) {}

  get port(): number {
    return (this.server.unwrap<CoreServer>().address() as AddressInfo).port;
  }

  /** A client of the core; without a name anonymous. */
  async connect(
    app = 'jstp',
    options: ClientOptions = {},
    login?: string,
    password = '',
  ): Promise<Connection> {
    const connectPolicy = login === undefined ? undefined : new SimpleConnectPolicy(login, password);
    const client = { ...options, reconnector: () => undefined, ...(connectPolicy && { connectPolicy }) };
    const connection = await within(net.connect(app, client, this.port, LOOPBACK), 'a connection');
    closing.add(() => {
      connection.close();
    });
    return connection;
  }

  /** A handshake of any strategy; answers with the code of its refusal, 0 if there is none. */
  async handshake(strategy: string, credentials: unknown, app = 'jstp'): Promise<number> {
    const frames = await this.say(`{handshake:[0,'${app}'],${strategy}:${JSON.stringify(credentials)}}`, 1);
    const code = /error:\[(\d+)/.exec(frames[0] ?? '')?.[1];
    return Number(code ?? 0);
  }

  /** Says something as raw text, and waits for as many messages as answer. */
  async say(text: string, count: number): Promise<readonly string[]> {
    const wire = this.open();
    wire.write(text);
    return wire.frames(count);
  }

  /** A raw line. */
  open(): Wire {
    return new Wire(this.port);
  }
}

/** A line that speaks text: what exactly the server writes. */
export class Wire {
  private readonly socket;
  private text = '';

  constructor(port: number) {
    this.socket = connectSocket(port, LOOPBACK);
    this.socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString();
    });
    this.socket.on('error', () => undefined);
    closing.add(() => {
      this.socket.destroy();
    });
  }

  write(...texts: readonly string[]): void {
    this.socket.write(texts.map((text) => `${text}\0`).join(''));
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Waits for the pong to a ping, which follows the peer's last number: all that was written before has been read. */
  async pong(number: number): Promise<void> {
    this.write(`{ping:[${String(number)}]}`);
    await waitFor(() => this.text.includes(`{pong:[${String(number)}]}\0`), `the pong ${String(number)}`);
  }

  /** All messages so far, as soon as there are so many. */
  async frames(count: number): Promise<readonly string[]> {
    const all = (): string[] => this.text.split('\0').slice(0, -1).map(normalize);
    await waitFor(() => all().length >= count, `message ${count}; so far: ${this.text}`);
    return all();
  }
}

/** JSON and MDSF are both allowed on the wire: what a test expects is MDSF. */
function normalize(frame: string): string {
  return frame.replace(/"(\w+)":/g, '$1:').replaceAll('"', "'");
}

/** Starts a service. */
export async function startService(setup: ServiceSetup): Promise<Service> {
  const { options, configure, logger, ...metadata } = setup;
  const server = new JstpServer({ host: LOOPBACK, port: 0, ...options });
  const quiet = { ...QUIET, ...(logger && { logger }) };
  const app = await NestFactory.createMicroservice(moduleOf(metadata), { ...quiet, strategy: server });
  closing.add(() => app.close());
  configure?.(app, server);
  await app.listen();
  return new Service(app, server);
}

/** The error with which a service does not start. */
export async function startError(setup: ServiceSetup): Promise<Error> {
  try {
    await startService(setup);
  } catch (error) {
    return error as Error;
  }
  throw new Error('The service has started');
}

/** What a call fails with. */
export async function callError(call: Promise<unknown>): Promise<{ code: number; message: string }> {
  try {
    await within(call, 'an error');
  } catch (error) {
    return error as { code: number; message: string };
  }
  throw new Error('The call has succeeded');
}

/** A logger of Nest that keeps what it is told. */
export class KeptLog implements LoggerService {
  readonly errors: unknown[] = [];
  readonly lines: unknown[] = [];
  readonly debugs: unknown[] = [];

  log(line: unknown): void {
    this.lines.push(line);
  }

  warn(line: unknown): void {
    this.lines.push(line);
  }

  error(error: unknown): void {
    this.errors.push(error);
  }

  debug(line: unknown): void {
    this.debugs.push(line);
  }
}
