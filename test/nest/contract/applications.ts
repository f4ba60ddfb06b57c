import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  Controller,
  Get,
  Inject,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type INestApplication,
  type NestHybridApplicationOptions,
  type NestInterceptor,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Client,
  ClientsModule,
  MessagePattern,
  Payload,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { firstValueFrom, map, type Observable } from 'rxjs';
import type { AddressInfo, Server as HttpServer } from 'node:net';
import { Closing } from '../../support/closing.js';
import { LOOPBACK, reservedPort } from '../../support/ports.js';
import { moduleOf, QUIET } from '../../support/nest-app.js';
import { errorOf, observe, valuesOf } from '../../support/observed.js';
import { waitFor } from '../../support/wait-for.js';
import { Contract } from './contract.js';
import { REFUSED, type TransportUnderTest } from './transport-under-test.js';

class Wrapping implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((value) => ({ wrapped: value })));
  }
}

@Injectable()
class Counter {
  private count = 0;

  next(): number {
    this.count += 1;
    return this.count;
  }
}

@Controller('count')
class CountController {
  constructor(private readonly counter: Counter) {}

  @Get()
  @MessagePattern('count')
  count(): string {
    return String(this.counter.next());
  }
}

@Controller('relay')
class RelayController {
  constructor(@Inject('UPSTREAM') private readonly upstream: ClientProxy) {}

  @Get()
  relay(): Promise<unknown> {
    return firstValueFrom(this.upstream.send<unknown>('count', {}));
  }
}

async function getText(app: INestApplication, path: string): Promise<string> {
  const server = app.getHttpServer() as HttpServer;
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://${LOOPBACK}:${String(port)}/${path}`, {
    headers: { connection: 'close' },
  });
  return response.text();
}

export function describeApplications(transport: TransportUnderTest): void {
  describe('applications', () => {
    let contract: Contract;
    const closing = new Closing();
    beforeEach(async () => {
      contract = await Contract.onFreePort(transport);
    });
    afterEach(async () => {
      await contract.close();
      await closing.run();
    });

    const metadata = { controllers: [CountController], providers: [Counter] };
    const createHybrid = async (
      ports: readonly number[] = [contract.port],
      options: NestHybridApplicationOptions = {},
      prepare: (app: INestApplication) => unknown = () => undefined,
    ): Promise<INestApplication> => {
      const app = await NestFactory.create(moduleOf(metadata), QUIET);
      closing.add(() => app.close());
      prepare(app);
      for (const port of ports) app.connectMicroservice(transport.microserviceOptions({ port }), options);
      return app;
    };
    const wrapping = (app: INestApplication): unknown => app.useGlobalInterceptors(new Wrapping());
    const call = async (pattern = 'count'): Promise<readonly unknown[]> =>
      valuesOf((await contract.openClient()).client.send<unknown>(pattern, {}));

    test('made by createMicroservice serve', async () => {
      const options = { ...transport.microserviceOptions({ port: contract.port }), ...QUIET };
      const app = await NestFactory.createMicroservice<MicroserviceOptions>(moduleOf(metadata), options);
      closing.add(() => app.close());
      await app.listen();
      expect(await call()).toEqual(['1']);
    });

    test('that are hybrid serve HTTP and messages from the same instances', async () => {
      const app = await createHybrid();
      await app.startAllMicroservices();
      await app.listen(0, LOOPBACK);
      expect(await call()).toEqual(['1']);
      expect(await getText(app, 'count')).toBe('2');
      expect(await call()).toEqual(['3']);
    });

    test('that are hybrid share their global enhancers where they are told to inherit them', async () => {
      const app = await createHybrid([contract.port], { inheritAppConfig: true }, wrapping);
      await app.startAllMicroservices();
      expect(await call()).toEqual([{ wrapped: '1' }]);
    });

    test('that are hybrid keep their global enhancers to themselves otherwise', async () => {
      const app = await createHybrid([contract.port], { inheritAppConfig: false }, wrapping);
      await app.startAllMicroservices();
      await app.listen(0, LOOPBACK);
      expect(await call()).toEqual(['1']);
      expect(await getText(app, 'count')).toBe('{"wrapped":"2"}');
    });

    test('with two microservices serve the same handlers on both', async () => {
      const elsewhere = await Contract.onFreePort(transport);
      closing.add(() => elsewhere.close());
      const app = await createHybrid([contract.port, elsewhere.port]);
      await app.startAllMicroservices();
      expect(app.getMicroservices()).toHaveLength(2);
      const [{ client: one }, { client: two }] = [await contract.openClient(), await elsewhere.openClient()];
      expect(await valuesOf(one.send('count', {}))).toEqual(['1']);
      expect(await valuesOf(two.send('count', {}))).toEqual(['2']);
    });

    test('that are hybrid reject their start with the error of a microservice', async () => {
      await contract.startService({});
      const app = await createHybrid();
      await expect(app.startAllMicroservices()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    });

    test('that are hybrid end their microservices when they close', async () => {
      const app = await createHybrid();
      await app.startAllMicroservices();
      const { client } = await contract.openClient();
      const { values: states } = observe(client.status);
      await client.connect();
      await app.close();
      await waitFor(() => states.at(-1) === 'disconnected', 'the client to notice');
      expect(await errorOf(client.send('count', {}))).toMatchObject(REFUSED);
    });

    test('serve handlers bound to their transport and not those bound to another', async () => {
      const { transportId } = transport.createServer({ port: contract.port });
      if (transportId === undefined) throw new Error('A transport without an id');
      @Controller()
      class BoundController {
        @MessagePattern('own', transportId)
        own(@Payload() data: unknown): unknown {
          return data;
        }

        @MessagePattern('other', Transport.REDIS)
        other(): string {
          return 'unreachable';
        }
      }
      await contract.startService({ controllers: [BoundController] });
      expect(await call('own')).toEqual([{}]);
      const { client } = await contract.openClient();
      expect(await errorOf(client.send('other', {}))).toMatch('no matching message handler');
    });

    test('call each other: a client injected into a controller of another application', async () => {
      await contract.startService(metadata);
      const port = contract.port;
      const clients = ClientsModule.register([transport.clientProvider('UPSTREAM', { port })]);
      const gateway = await NestFactory.create(
        moduleOf({ imports: [clients], controllers: [RelayController] }),
        QUIET,
      );
      closing.add(() => gateway.close());
      await gateway.listen(0, LOOPBACK);
      expect(await getText(gateway, 'relay')).toBe('1');
      expect(await getText(gateway, 'relay')).toBe('2');
    });

    test('register clients asynchronously, several of them apart', async () => {
      await contract.startService(metadata);
      const elsewhere = await reservedPort(closing);
      const port = contract.port;
      const clients = ClientsModule.registerAsync([
        {
          name: 'UPSTREAM',
          useFactory: () => Promise.resolve(transport.clientProvider('UPSTREAM', { port })),
        },
        { name: 'NO_CALLS', useFactory: () => transport.clientProvider('NO_CALLS', { port: elsewhere }) },
      ]);
      const app = await NestFactory.createApplicationContext(moduleOf({ imports: [clients] }), QUIET);
      closing.add(() => app.close());
      const upstream = app.get<ClientProxy>('UPSTREAM', { strict: false });
      const nobody = app.get<ClientProxy>('NO_CALLS', { strict: false });
      expect(await errorOf(nobody.send('count', {}))).toMatchObject(REFUSED);
      expect(await valuesOf(upstream.send('count', {}))).toEqual(['1']);
    });

    test('give a property decorated by @Client its client, and close it with them', async () => {
      await contract.startService(metadata);
      const provider = transport.clientProvider('unused', { port: contract.port });
      @Controller()
      class CallingController {
        @Client(provider)
        readonly upstream: ClientProxy | undefined;
      }
      const app = await NestFactory.create(moduleOf({ controllers: [CallingController] }), QUIET);
      closing.add(() => app.close());
      // Where a hybrid application makes such clients: on its way to listening.
      await app.init();
      const { upstream } = app.get(CallingController);
      if (upstream === undefined) throw new Error('No client was given');
      const { values: states } = observe(upstream.status);
      expect(await valuesOf(upstream.send('count', {}))).toEqual(['1']);
      await app.close();
      await waitFor(() => states.at(-1) === 'disconnected', 'the end of the client');
    });
  });
}
