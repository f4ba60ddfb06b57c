import type { INestApplicationContext, ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CallOptions, Server as CoreServer } from '../../../lib/core.js';
import {
  getJstpClientToken,
  JstpClientModule,
  type Connection,
  type JstpClient,
  type JstpClientModuleOptions,
  type JstpClientPlacement,
} from '../../../lib/index.js';
import { moduleOf, QUIET } from '../../support/nest-app.js';
import { LOOPBACK } from '../../support/ports.js';
import { within } from '../../support/wait-for.js';
import { atEnd, startService, type KeptLog, type Service } from '../server/fixture.js';

type Registration = JstpClientModuleOptions & JstpClientPlacement;

/** An application that only calls, and ends with the test. */
export async function startClient(
  metadata: ModuleMetadata,
  logger: KeptLog | false = false,
): Promise<INestApplicationContext> {
  const started = NestFactory.createApplicationContext(moduleOf(metadata), { ...QUIET, logger });
  const app = await within(started, 'a start');
  atEnd(() => within(app.close(), 'the end of the application'));
  return app;
}

/** A server application, and a client application whose one client is connected. */
export class Pair {
  private constructor(
    readonly service: Service,
    readonly app: INestApplicationContext,
    readonly client: JstpClient,
    readonly errors: unknown[],
  ) {}

  static async start(
    providers: ModuleMetadata,
    options: Registration = {},
    ofServer: ModuleMetadata = {},
  ): Promise<Pair> {
    const service = await startService(ofServer);
    const imports = [JstpClientModule.register({ ...at(service), connectOnInit: true, ...options })];
    const app = await startClient({ ...providers, imports });
    const client = app.get<JstpClient>(getJstpClientToken(options.name), { strict: false });
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    return new Pair(service, app, client, errors);
  }

  /** The server's connection to the client. */
  get connection(): Connection {
    return connectionOf(this.service);
  }

  call(name: string, args: unknown[] = [], options: CallOptions = {}): Promise<unknown> {
    const [interfaceName, method] = name.split('.');
    return within(this.connection.callMethod(interfaceName, method, args, options), `the answer of ${name}`);
  }

  /** Sends an event, and waits until the client has handled all that came before a later call. */
  async emit(name: string, args: unknown[], metadata?: Record<string, unknown>): Promise<void> {
    const [interfaceName, event] = name.split('.');
    this.connection.emitRemoteEvent(interfaceName, event, args, metadata ? { metadata } : {});
    await within(this.connection.ping(), 'a pong');
  }
}

export const at = (service: Service) => ({ host: LOOPBACK, port: service.port });

export function connectionOf(service: Service): Connection {
  const [connection] = service.server.unwrap<CoreServer>().getClientsArray();
  return connection;
}

export async function startError(metadata: ModuleMetadata): Promise<Error> {
  const app = startClient(metadata);
  return app.then(
    () => Promise.reject(new Error('The application has started')),
    (error: unknown) => error as Error,
  );
}
