import { afterEach } from '@jest/globals';
import {
  Application,
  type Api,
  type AppSpecifier,
  type ClientOptions,
  type Connection,
  type Server,
  type ServerOptions,
} from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { API, stopCore } from '../support/core.js';
import { waitFor, within } from '../support/wait-for.js';
import { dialOf, type Contender } from './contender.js';

/** A client and the server's side of it. */
export interface Link {
  readonly server: Server;
  readonly client: Connection;
  readonly remote: Connection;
}

/** Where a contender is tried: its servers and clients of one test, ended with it. */
export class Ring {
  private readonly closing = new Closing();

  constructor(readonly contender: Contender) {
    afterEach(() => this.closing.run());
  }

  /** Ends something else with the test. */
  ends(release: () => unknown): void {
    this.closing.add(release);
  }

  /** What a side offers. */
  application(api: Api): Application<Connection> {
    return new Application<Connection>('app', api);
  }

  /** A server that does not listen. */
  server(options: Partial<ServerOptions> = {}, api: Api = API): Server {
    const { entry, serverOptions } = this.contender;
    const applications = [this.application(api)];
    const server = entry.createServer({ applications, ...serverOptions, ...options });
    this.closing.add(() => stopCore(server));
    return server;
  }

  /** A server that listens. */
  async serve(options: Partial<ServerOptions> = {}, api: Api = API): Promise<Server> {
    const server = this.server(options, api);
    const listening = new Promise<void>((resolve) => server.once('listening', resolve));
    server.listen(...this.contender.listenArguments());
    await within(listening, 'a server that listens');
    return server;
  }

  /** A client; nothing is dialled again unless the options say so. */
  async dial(server: Server, options: ClientOptions = {}, app: AppSpecifier = 'app'): Promise<Connection> {
    const { entry } = this.contender;
    const client = { reconnector: () => undefined, ...options };
    const connection = await within(
      entry.connect(app, client, ...dialOf(this.contender, server)),
      'a connect',
    );
    connection.on('error', () => undefined);
    this.closing.add(() => connection.close());
    return connection;
  }

  /** Waits until a server has served one more client: what came before from others has been read. */
  async serves(server: Server): Promise<void> {
    const before = server.getClientsArray().length;
    const connection = await this.dial(server);
    await within(connection.ping(), 'a pong');
    connection.close();
    await waitFor(() => server.getClientsArray().length <= before, 'the end of a later client');
  }

  /** Both sides of a fresh line. */
  async link(options: Partial<ServerOptions> = {}, client: ClientOptions = {}): Promise<Link> {
    const server = await this.serve(options);
    const connection = await this.dial(server, client);
    const remote = server.getClientsArray().at(0);
    if (!remote) throw new Error('The server has no client');
    return { server, client: connection, remote };
  }

  /** Breaks a client's line, and waits until both sides know. */
  async cut({ server, client }: Pick<Link, 'server' | 'client'>): Promise<void> {
    this.contender.cut(client);
    await waitFor(() => !client.handshakeDone && server.getClientsArray().length === 0, 'the end of a line');
  }

  async reconnect({ server, client }: Pick<Link, 'server' | 'client'>): Promise<void> {
    await within(this.contender.entry.reconnect(client, ...dialOf(this.contender, server)), 'a reconnect');
  }
}
