import type { INestMicroservice, ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientsModule, type ClientProxy } from '@nestjs/microservices';
import { Closing } from '../../support/closing.js';
import { reservedPort } from '../../support/ports.js';
import { moduleOf, QUIET } from '../../support/nest-app.js';
import type { EndpointSettings, ServerUnderTest, TransportUnderTest } from './transport-under-test.js';

const CLIENT = 'CLIENT';

export type SideSettings = Omit<EndpointSettings, 'port'>;

/** A microservice as a contract test describes it. */
export interface ServiceSetup extends Pick<ModuleMetadata, 'controllers' | 'providers'> {
  readonly settings?: SideSettings;
  /** Runs before the application listens. */
  readonly configure?: (app: INestMicroservice, server: ServerUnderTest) => void;
}

export interface ContractSetup extends ServiceSetup {
  readonly clientSettings?: SideSettings;
}

/** A client as its users get it, from the container of its own application. */
export interface OpenedClient {
  readonly client: ClientProxy;
  readonly close: () => Promise<void>;
}

export interface StartedService {
  readonly app: INestMicroservice;
  readonly server: ServerUnderTest;
}

/** One port, the services a test runs on it and the clients it opens to it. */
export class Contract {
  private constructor(
    private readonly transport: TransportUnderTest,
    readonly port: number,
    private readonly closing: Closing,
  ) {}

  static async onFreePort(transport: TransportUnderTest): Promise<Contract> {
    const closing = new Closing();
    return new Contract(transport, await reservedPort(closing), closing);
  }

  async openClient(settings: SideSettings = {}): Promise<OpenedClient> {
    const clients = ClientsModule.register([
      this.transport.clientProvider(CLIENT, { ...settings, port: this.port }),
    ]);
    const app = await NestFactory.createApplicationContext(moduleOf({ imports: [clients] }), QUIET);
    const close = (): Promise<void> => app.close();
    this.closing.add(close);
    return { client: app.get<ClientProxy>(CLIENT, { strict: false }), close };
  }

  async startService(setup: ServiceSetup): Promise<StartedService> {
    const { controllers = [], providers = [], settings = {}, configure } = setup;
    const server = this.transport.createServer({ ...settings, port: this.port });
    const app = await NestFactory.createMicroservice(moduleOf({ controllers, providers }), {
      ...QUIET,
      strategy: server,
    });
    this.closing.add(() => app.close());
    configure?.(app, server);
    await app.listen();
    return { app, server };
  }

  async close(): Promise<void> {
    await this.closing.run();
  }
}

/** A contract with one service and one client: what most tests need. */
export interface StartedContract extends StartedService {
  readonly contract: Contract;
  readonly client: ClientProxy;
}

export async function startContract(
  transport: TransportUnderTest,
  setup: ContractSetup,
): Promise<StartedContract> {
  const contract = await Contract.onFreePort(transport);
  try {
    const service = await contract.startService(setup);
    const { client } = await contract.openClient(setup.clientSettings);
    return { contract, client, ...service };
  } catch (error) {
    await contract.close();
    throw error;
  }
}
