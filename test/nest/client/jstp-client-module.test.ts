import { describe, expect, test } from '@jest/globals';
import {
  Inject,
  Injectable,
  Scope,
  type INestApplicationContext,
  type ModuleMetadata,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Observable } from 'rxjs';
import {
  ConfigurationError,
  getJstpClientOptionsToken,
  getJstpClientToken,
  getJstpInterfaceToken,
  InjectJstp,
  InjectJstpInterface,
  JstpClient,
  JstpClientModule,
  type JstpClientCall,
  type JstpClientInterceptor,
  type JstpClientModuleOptions,
  type JstpClientNext,
  type JstpClientOptionsFactory,
  type RemoteApi,
} from '../../../lib/index.js';
import { moduleOf, QUIET } from '../../support/nest-app.js';
import { LOOPBACK } from '../../support/ports.js';
import { waitFor, within } from '../../support/wait-for.js';
import { Bench, CallApplication } from './fixture.js';

const bench = new Bench();
const SETTINGS = 'settings';

interface Calc {
  add(a: number, b: number): number;
}

@Injectable()
class Desk {
  constructor(
    @InjectJstp('calc') readonly client: JstpClient,
    @InjectJstpInterface('calc', 'calc') readonly calc: RemoteApi<Calc>,
  ) {}
}

/** An application without servers, which ends with the test. */
async function start(metadata: ModuleMetadata): Promise<INestApplicationContext> {
  const app = await within(NestFactory.createApplicationContext(moduleOf(metadata), QUIET), 'a start');
  bench.ends(() => within(app.close(), 'the end of the application'));
  return app;
}

const at = (port: number) => ({ app: 'app', host: LOOPBACK, port });

describe('JstpClientModule', () => {
  test('provides a client by its name, and remote interfaces of it, to every module', async () => {
    const { port } = await bench.serve();
    const feature = moduleOf({
      imports: [JstpClientModule.forFeature(['calc'], 'calc')],
      providers: [Desk],
    });
    const app = await start({
      imports: [JstpClientModule.register({ name: 'calc', ...at(port) }), feature],
    });
    const { client, calc } = app.get(Desk, { strict: false });
    expect(client).toBeInstanceOf(JstpClient);
    expect(app.get(getJstpClientToken('calc'))).toBe(client);
    expect(await calc.add(2, 3)).toBe(5);
  });

  test('provides the client without a name by its class', async () => {
    @Injectable()
    class Plain {
      constructor(
        readonly byClass: JstpClient,
        @InjectJstp() readonly byDecorator: JstpClient,
        @InjectJstpInterface('calc') readonly calc: RemoteApi<Calc>,
      ) {}
    }
    const { port } = await bench.serve();
    const app = await start({
      imports: [JstpClientModule.register(at(port)), JstpClientModule.forFeature(['calc'])],
      providers: [Plain],
    });
    const { byClass, byDecorator, calc } = app.get(Plain);
    expect(byClass).toBe(byDecorator);
    expect(await calc.add(1, 1)).toBe(2);
  });

  test('keeps clients of several names apart', async () => {
    const [one, two] = [await bench.serve(), await bench.serve()];
    const app = await start({
      imports: [
        JstpClientModule.register({ name: 'one', ...at(one.port) }),
        JstpClientModule.register({ name: 'two', ...at(two.port), connectOnInit: true }),
      ],
    });
    expect(app.get(getJstpClientToken('one'))).not.toBe(app.get(getJstpClientToken('two')));
    expect([await one.came(), await two.came()]).toEqual([0, 1]);
  });

  test('provides it to the modules that import it only, with isGlobal: false', async () => {
    const lonely = JstpClientModule.register({ name: 'calc', isGlobal: false });
    @Injectable()
    class Elsewhere {
      constructor(@InjectJstp('calc') readonly client: JstpClient) {}
    }
    const elsewhere = moduleOf({ providers: [Elsewhere] });
    await expect(start({ imports: [lonely, elsewhere] })).rejects.toThrow('JstpClient:calc');
    const own = moduleOf({
      imports: [JstpClientModule.register({ name: 'calc', isGlobal: false })],
      providers: [Elsewhere],
    });
    const app = await start({ imports: [lonely, own] });
    expect(app.get(Elsewhere, { strict: false }).client).toBeInstanceOf(JstpClient);
  });

  test('refuses two clients of one name, where one of them is that of all modules', async () => {
    const imports = [
      JstpClientModule.register({ name: 'calc' }),
      moduleOf({ imports: [JstpClientModule.register({ name: 'calc', isGlobal: false })] }),
    ];
    await expect(start({ imports })).rejects.toThrow('name must be that of one client');
  });
});

describe('the asynchronous options of JstpClientModule', () => {
  class Factory implements JstpClientOptionsFactory {
    constructor(@Inject(SETTINGS) private readonly settings: JstpClientModuleOptions) {}

    createJstpClientOptions(): Promise<JstpClientModuleOptions> {
      return Promise.resolve(this.settings);
    }
  }
  Injectable()(Factory);

  test.each<[string, Partial<Parameters<typeof JstpClientModule.registerAsync>[0]>]>([
    ['a function', { inject: [SETTINGS], useFactory: (settings: JstpClientModuleOptions) => settings }],
    ['a class', { useClass: Factory }],
    ['a provider that there is', { useExisting: Factory }],
  ])('come from %s', async (_title, source) => {
    const { port, came } = await bench.serve();
    const settings = moduleOf({
      providers: [{ provide: SETTINGS, useValue: { ...at(port), connectOnInit: true } }, Factory],
      exports: [SETTINGS, Factory],
    });
    const app = await start({
      imports: [JstpClientModule.registerAsync({ name: 'calc', imports: [settings], ...source })],
    });
    expect(await came()).toBe(1);
    expect(await app.get<JstpClient>(getJstpClientToken('calc')).call('calc', 'add', 2, 2)).toBe(4);
    expect(app.get(getJstpClientOptionsToken('calc'))).toMatchObject(at(port));
  });

  test.each<[string, object, string]>([
    [
      'no source',
      {},
      'registerAsync must be given one of useFactory, useClass and useExisting, but undefined',
    ],
    ['two sources', { useFactory: () => ({}), useClass: Factory }, '"useFactory and useClass" was given'],
    ['an unknown name', { useFactory: () => ({}), injects: [] }, 'did you mean "inject"?'],
    ['an empty name', { useFactory: () => ({}), name: '' }, "name must be a client's name that is not empty"],
  ])('are refused with %s', (_title, options, text) => {
    expect(() => JstpClientModule.registerAsync(options)).toThrow(text);
  });

  test('are refused at the start where a factory returns none, or a wrong one', async () => {
    const none = JstpClientModule.registerAsync({ useFactory: () => undefined as never });
    await expect(start({ imports: [none] })).rejects.toThrow(
      'options must be an object, but undefined was given',
    );
    const wrong = JstpClientModule.registerAsync({ useFactory: () => ({ connectOnInit: 'yes' as never }) });
    await expect(start({ imports: [wrong] })).rejects.toThrow('connectOnInit must be true or false');
    const misspelt = JstpClientModule.registerAsync({ useFactory: () => ({ prot: 1 }) as object });
    await expect(start({ imports: [misspelt] })).rejects.toThrow('did you mean "port"?');
    const late = JstpClientModule.registerAsync({ useFactory: () => ({ conectOnInit: true }) as object });
    await expect(start({ imports: [late] })).rejects.toThrow('did you mean "connectOnInit"?');
  });
});

describe('the options of JstpClientModule.register', () => {
  test.each<[object, string]>([
    [{ prot: 1 }, 'Unknown name "prot" in options: did you mean "port"?'],
    [{ conectOnInit: true }, 'did you mean "connectOnInit"?'],
    [{ nam: 'calc' }, 'did you mean "name"?'],
    [{ isGlobal: 'no' }, 'isGlobal must be true or false'],
    [{ name: 5 }, "name must be a client's name"],
    [{ maxMessageBytes: 5 }, 'given in limits'],
  ])('are refused at once: %j', (options, text) => {
    expect(() => JstpClientModule.register(options)).toThrow(ConfigurationError);
    expect(() => JstpClientModule.register(options)).toThrow(text);
  });

  test('are refused by their values when the application starts', async () => {
    const imports = [JstpClientModule.register({ port: -1 })];
    await expect(start({ imports })).rejects.toThrow('port must be an integer from 0 to 65535');
  });

  test('may be left out, and forFeature needs names', () => {
    expect(() => JstpClientModule.register()).not.toThrow();
    expect(() => JstpClientModule.forFeature(['a', ''])).toThrow('interface must be a non-empty string');
    expect(() => JstpClientModule.forFeature('a' as never)).toThrow('interfaces must be an array of names');
    expect(() => getJstpInterfaceToken('a', '')).toThrow("a client's name that is not empty");
  });
});

describe('a client of JstpClientModule', () => {
  test('connects when it is first used', async () => {
    const { port, came } = await bench.serve();
    const app = await start({ imports: [JstpClientModule.register(at(port))] });
    expect(await came()).toBe(0);
    await app.get(JstpClient).call('calc', 'add', 1, 2);
    expect(await came()).toBe(1);
  });

  test('connects while the application starts, with connectOnInit, which fails where there is no server', async () => {
    const { port, stop } = await bench.serve();
    const imports = [JstpClientModule.register({ ...at(port), connectOnInit: true })];
    const app = await start({ imports });
    expect(app.get(JstpClient).unwrap().handshakeDone).toBe(true);
    await app.close();
    await stop();
    await expect(start({ imports })).rejects.toThrow('ECONNREFUSED');
  });

  test('is closed with the application, after all that may still use it', async () => {
    const answers: unknown[] = [];
    @Injectable()
    class Goodbye {
      constructor(private readonly client: JstpClient) {}

      async beforeApplicationShutdown(): Promise<void> {
        answers.push(await this.client.call('calc', 'add', 3, 4));
      }
    }
    const { port, connections, sockets } = await bench.serve();
    const app = await start({
      imports: [JstpClientModule.register({ ...at(port), connectOnInit: true })],
      providers: [Goodbye],
    });
    expect(sockets.size).toBe(1);
    await within(app.close(), 'the end of the application');
    expect(answers).toEqual([7]);
    await waitFor(() => sockets.size === 0, 'the end of the connection');
    expect(connections()).toBe(1);
  });
});

describe('an interceptor that is a class', () => {
  @Injectable()
  class Tenant {
    readonly name = 'acme';
  }

  @Injectable()
  class TenantInterceptor implements JstpClientInterceptor {
    static made = 0;

    constructor(private readonly tenant: Tenant) {
      TenantInterceptor.made += 1;
    }

    intercept(call: JstpClientCall, next: JstpClientNext): Observable<unknown> {
      return next({ ...call, metadata: { tenant: this.tenant.name } });
    }
  }

  async function metadataWith(providers: Type[], imports: Type[] = []): Promise<unknown> {
    TenantInterceptor.made = 0;
    const application = new CallApplication();
    const { port } = await bench.serve(application);
    const module = JstpClientModule.registerAsync({
      imports,
      useFactory: () => ({ ...at(port), interceptors: [TenantInterceptor] }),
    });
    const app = await start({ imports: [module], providers });
    for (let call = 0; call < 2; call += 1) await app.get(JstpClient).call('any', 'thing');
    expect(TenantInterceptor.made).toBe(1);
    return application.calls[1].metadata;
  }

  test("is the application's provider, where there is one", async () => {
    expect(await metadataWith([Tenant, TenantInterceptor])).toEqual({ tenant: 'acme' });
  });

  test('is made once, with what the module imports, where it is no provider', async () => {
    const tenants = moduleOf({ providers: [Tenant], exports: [Tenant] });
    expect(await metadataWith([], [tenants])).toEqual({ tenant: 'acme' });
  });

  test('also of a call that is made before all modules are ready', async () => {
    const application = new CallApplication();
    const { port } = await bench.serve(application);
    @Injectable()
    class Early implements OnModuleInit {
      constructor(private readonly client: JstpClient) {}

      async onModuleInit(): Promise<void> {
        await this.client.call('any', 'thing');
      }
    }
    await start({
      imports: [
        JstpClientModule.register({ ...at(port), interceptors: [TenantInterceptor] }),
        moduleOf({ providers: [Tenant, TenantInterceptor, Early], exports: [TenantInterceptor] }),
      ],
    });
    expect(application.calls[0].metadata).toEqual({ tenant: 'acme' });
  });

  test('keeps the application from starting where it cannot be injected, or has no one instance', async () => {
    const module = JstpClientModule.register({ interceptors: [TenantInterceptor] });
    await expect(start({ imports: [module] })).rejects.toThrow('dependencies of the TenantInterceptor');
    class Scoped extends TenantInterceptor {}
    Injectable({ scope: Scope.REQUEST })(Scoped);
    const scoped = JstpClientModule.register({ interceptors: [Scoped] });
    await expect(start({ imports: [scoped], providers: [Tenant, Scoped] })).rejects.toThrow(
      'scoped provider',
    );
  });
});
