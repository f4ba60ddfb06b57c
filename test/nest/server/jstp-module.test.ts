import { describe, expect, test } from '@jest/globals';
import {
  Controller,
  Inject,
  Injectable,
  Module,
  Scope,
  UseGuards,
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { NestFactory, REQUEST } from '@nestjs/core';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import {
  JSTP_MODULE_OPTIONS,
  JstpHandshake,
  JstpModule,
  JstpServer,
  type JstpContext,
  type JstpHandshakeData,
  type JstpOptionsFactory,
  type JstpServerOptions,
} from '../../../lib/index.js';
import { isNest12, moduleOf, QUIET } from '../../support/nest-app.js';
import { LOOPBACK } from '../../support/ports.js';
import { within } from '../../support/wait-for.js';
import { atEnd, Service } from './fixture.js';

const OPTIONS: JstpServerOptions = { host: LOOPBACK, port: 0 };

@Injectable()
class Tokens {
  readonly names = new Map([['abc', 'anna']]);
}

abstract class TokenGuardBase implements CanActivate {
  static made = 0;
  protected abstract readonly tokens: Tokens;

  canActivate(context: ExecutionContext): boolean {
    const { credentials } = context.switchToRpc().getData<JstpHandshakeData>();
    const name = this.tokens.names.get(String(credentials));
    if (name !== undefined) context.switchToRpc().getContext<JstpContext>().setUsername(name);
    return name !== undefined;
  }
}

@Injectable()
class TokenGuard extends TokenGuardBase {
  constructor(protected readonly tokens: Tokens) {
    super();
    TokenGuardBase.made += 1;
  }
}

@Injectable({ scope: Scope.REQUEST })
class ScopedGuard extends TokenGuardBase {
  constructor(
    protected readonly tokens: Tokens,
    @Inject(REQUEST) private readonly request: { getData: () => JstpHandshakeData; getPattern: () => string },
  ) {
    super();
    TokenGuardBase.made += 1;
  }

  override canActivate(context: ExecutionContext): boolean {
    expect(this.request.getData()).toBe(context.switchToRpc().getData());
    expect(this.request.getPattern()).toBe('handshake:token');
    return super.canActivate(context);
  }
}

@Injectable()
class OpenGuard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

@Injectable()
class Announcer {
  constructor(readonly server: JstpServer) {}
}

@Controller()
class PingController {
  constructor(private readonly announcer: Announcer) {}

  @MessagePattern('ping')
  ping(): string {
    this.announcer.server.broadcast('news', 'pinged', 'by somebody');
    return 'pong';
  }
}

@Module({ providers: [Tokens], exports: [Tokens] })
class TokensModule {}

async function application(
  jstp: DynamicModule,
  providers: Parameters<typeof Module>[0]['providers'] = [],
  controllers: Parameters<typeof Module>[0]['controllers'] = [],
): Promise<INestApplication> {
  TokenGuardBase.made = 0;
  const root = moduleOf({
    imports: [jstp],
    controllers: [PingController, ...controllers],
    providers: [Announcer, ...providers],
  });
  const app = await NestFactory.create(root, QUIET);
  atEnd(() => app.close());
  return app;
}

async function start(...parts: Parameters<typeof application>): Promise<Service> {
  const app = await application(...parts);
  const server = app.get(JstpServer);
  app.connectMicroservice({ strategy: server });
  await app.startAllMicroservices();
  return new Service(app as never, server);
}

describe('JstpModule', () => {
  test('provides a server that any provider may broadcast by', async () => {
    const service = await start(JstpModule.forRoot(OPTIONS));
    const connection = await service.connect();
    const proxy = await connection.inspectInterface('default');
    expect(proxy).toBeDefined();
    const heard = new Promise((resolve) => {
      connection.on('event', (...args: unknown[]) => {
        resolve(args);
      });
    });
    expect(await connection.callMethod('default', 'ping', [])).toBe('pong');
    expect(await within(heard, 'the broadcast')).toEqual(['news', 'pinged', ['by somebody']]);
  });

  test('provides it to the modules that import it only, with isGlobal: false', async () => {
    const lonely = JstpModule.forRoot({ ...OPTIONS, isGlobal: false });
    const elsewhere = moduleOf({ providers: [Announcer] });
    const build = NestFactory.createApplicationContext(moduleOf({ imports: [lonely, elsewhere] }), QUIET);
    await expect(build).rejects.toThrow('JstpServer');
  });

  test('resolves a guard’s class that is a provider somewhere', async () => {
    const service = await start(JstpModule.forRoot({ ...OPTIONS, authPolicy: TokenGuard }), [
      Tokens,
      TokenGuard,
    ]);
    expect(await service.handshake('token', 'abc')).toBe(0);
    expect(await service.handshake('token', 'wrong')).toBe(11);
    expect(TokenGuardBase.made).toBe(1);
  });

  test('makes a guard of a class that is no provider, once, with what it imports', async () => {
    const jstp = JstpModule.forRootAsync({
      imports: [TokensModule],
      useFactory: () => ({ ...OPTIONS, authPolicy: TokenGuard }),
    });
    const service = await start(jstp);
    expect(await service.handshake('token', 'abc')).toBe(0);
    expect(await service.handshake('token', 'wrong')).toBe(11);
    expect(TokenGuardBase.made).toBe(1);
  });

  test.each<[string, Type<CanActivate>, Type[]]>([
    ['no provider', TokenGuard, []],
    ['a provider', TokenGuard, [TokenGuard]],
    // Nest 11 looks for what such a provider needs only when it makes one.
    ...(isNest12
      ? [['a provider in request scope', ScopedGuard, [ScopedGuard]] satisfies [string, Type, Type[]]]
      : []),
  ])('does not start with a guard whose dependency is missing: %s', async (_title, authPolicy, providers) => {
    const started = start(JstpModule.forRoot({ ...OPTIONS, authPolicy }), providers);
    await expect(started).rejects.toThrow(new RegExp(`resolve dependencies of the ${authPolicy.name} `));
  });

  if (!isNest12)
    test('refuses every client where a guard in request scope cannot be made', async () => {
      const jstp = JstpModule.forRoot({ ...OPTIONS, authPolicy: ScopedGuard });
      const service = await start(jstp, [ScopedGuard]);
      expect(await service.handshake('token', 'abc')).toBe(11);
      expect(TokenGuardBase.made).toBe(0);
    });

  test('listens only when the guard has been made, and not after a close meanwhile', async () => {
    const server = (await application(JstpModule.forRoot({ ...OPTIONS, authPolicy: OpenGuard }))).get(
      JstpServer,
    );
    const outcome = new Promise((resolve) => {
      server.listen(resolve);
    });
    await server.close();
    expect(await within(outcome, 'the outcome')).toEqual(
      new Error('The JSTP server was closed before it listened'),
    );
    expect(
      await within(
        new Promise((resolve) => {
          server.listen(resolve);
        }),
        'a start',
      ),
    ).toBeUndefined();
    await server.close();
  });

  test('exports its options to the providers of others', async () => {
    @Injectable()
    class Reader {
      constructor(@Inject(JSTP_MODULE_OPTIONS) readonly options: JstpServerOptions) {}
    }
    const jstp = JstpModule.forRoot({ ...OPTIONS, isGlobal: false });
    const reading = moduleOf({ imports: [jstp], providers: [Reader] });
    const context = await NestFactory.createApplicationContext(reading, QUIET);
    atEnd(() => context.close());
    expect(context.get(Reader).options).toEqual(OPTIONS);
  });

  test('makes a guard in request scope for each handshake, with its REQUEST', async () => {
    const service = await start(JstpModule.forRoot({ ...OPTIONS, authPolicy: ScopedGuard }), [
      Tokens,
      ScopedGuard,
    ]);
    expect(await service.handshake('token', 'abc')).toBe(0);
    expect(await service.handshake('token', 'wrong')).toBe(11);
    expect(TokenGuardBase.made).toBe(2);
  });

  test('a guard sees the same as an instance, as a class, and on a handshake handler, which gets the credentials', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class SeeingGuard implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        const rpc = context.switchToRpc();
        const jstp = rpc.getContext<JstpContext>();
        seen.push(rpc.getData(), context.getArgByIndex(0), jstp.getHandshake(), jstp.getPattern());
        jstp.setUsername('of the guard');
        return true;
      }
    }
    const given: unknown[] = [];
    @Controller()
    class Door {
      @JstpHandshake()
      @UseGuards(SeeingGuard)
      any(
        @Payload() credentials: unknown,
        @Payload('pin') pin: unknown,
        @Ctx() context: JstpContext,
      ): string | null {
        given.push(credentials, pin);
        return context.getUsername();
      }
    }
    const credentials = { pin: 17 };
    const data = { strategy: 'badge', credentials };
    const ways = [
      { jstp: JstpModule.forRoot({ ...OPTIONS, authPolicy: new SeeingGuard() }), controllers: [] },
      { jstp: JstpModule.forRoot({ ...OPTIONS, authPolicy: SeeingGuard }), controllers: [] },
      { jstp: JstpModule.forRoot(OPTIONS), controllers: [Door] },
    ];
    for (const { jstp, controllers } of ways) {
      const service = await start(jstp, [], controllers);
      expect(await service.handshake('badge', credentials)).toBe(0);
      expect(seen.splice(0)).toEqual([data, data, data, 'handshake:badge']);
    }
    expect(given).toEqual([credentials, 17]);
  });

  test('takes options of a factory with injected providers, a guard among them', async () => {
    const jstp = JstpModule.forRootAsync({
      imports: [TokensModule],
      inject: [Tokens],
      useFactory: async (tokens: Tokens) =>
        Promise.resolve({ ...OPTIONS, authPolicy: new TokenGuard(tokens) }),
    });
    expect(await (await start(jstp)).handshake('token', 'abc')).toBe(0);
  });

  @Injectable()
  class Settings implements JstpOptionsFactory {
    createJstpOptions(): JstpServerOptions {
      return { ...OPTIONS, application: 'configured@1.0.0' };
    }
  }

  @Module({ providers: [Settings], exports: [Settings] })
  class SettingsModule {}

  test.each([
    ['useClass', { useClass: Settings }],
    ['useExisting', { imports: [SettingsModule], useExisting: Settings }],
  ])('takes options of a class (%s)', async (_way, options) => {
    const service = await start(JstpModule.forRootAsync(options));
    expect(await (await service.connect('configured')).callMethod('default', 'ping', [])).toBe('pong');
  });
});
