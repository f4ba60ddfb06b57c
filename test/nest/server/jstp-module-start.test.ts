import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import {
  Controller,
  Get,
  Injectable,
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  type INestApplication,
  type ModuleMetadata,
} from '@nestjs/common';
import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import { Ctx, MessagePattern, type AsyncMicroserviceOptions } from '@nestjs/microservices';
import {
  ConfigurationError,
  JSTP_MODULE_OPTIONS,
  JstpClient,
  JstpModule,
  JstpServer,
  type JstpContext,
  type JstpHandshakeData,
  type JstpServerOptions,
  type Server as CoreServer,
} from '../../../lib/index.js';
import { LOOPBACK } from '../../support/ports.js';
import { moduleOf, QUIET } from '../../support/nest-app.js';
import { waitFor, within } from '../../support/wait-for.js';
import { atEnd, KeptLog } from './fixture.js';

const OPTIONS: JstpServerOptions = { host: LOOPBACK, port: 0 };

@Injectable()
class Names {
  readonly byToken = new Map([['k1', 'ida']]);
}

@Injectable()
class KeyGuard implements CanActivate {
  constructor(private readonly names: Names) {}

  canActivate(context: ExecutionContext): boolean {
    const { credentials } = context.switchToRpc().getData<JstpHandshakeData>();
    const name = this.names.byToken.get(String(credentials));
    if (name !== undefined) context.switchToRpc().getContext<JstpContext>().setUsername(name);
    return name !== undefined;
  }
}

@Injectable()
class Board {
  constructor(readonly server: JstpServer) {}
}

@Controller()
class BoardController {
  constructor(private readonly board: Board) {}

  @Get('page')
  page(): string {
    return 'a page';
  }

  @MessagePattern('board.pin')
  pin(@Ctx() context: JstpContext): string {
    this.board.server.broadcast('board', 'pinned', context.getUsername());
    return 'pinned';
  }
}

function rootOf(...imports: NonNullable<ModuleMetadata['imports']>): ReturnType<typeof moduleOf> {
  return moduleOf({ imports, controllers: [BoardController], providers: [Board, Names, KeyGuard] });
}

/** An application that is started, and what it warned of. */
async function start(
  jstp: DynamicModule,
  connect: (app: INestApplication) => void,
): Promise<{ app: INestApplication; warnings: unknown[] }> {
  const log = new KeptLog();
  const warnings: unknown[] = [];
  log.warn = (line) => warnings.push(line);
  const app = await NestFactory.create(rootOf(jstp), { ...QUIET, logger: log });
  atEnd(() => within(app.close(), 'the end of the application'));
  connect(app);
  await within(app.startAllMicroservices(), 'the microservices');
  await app.listen(0, LOOPBACK);
  return { app, warnings };
}

const connectIt = (app: INestApplication): void => {
  app.connectMicroservice({ strategy: app.get(JstpServer) });
};

describe('JstpModule, when the application starts', () => {
  test('says nothing of a server that is connected', async () => {
    expect((await start(JstpModule.forRoot(OPTIONS), connectIt)).warnings).toEqual([]);
  });

  test('says nothing of one that a microservice alone is made with', async () => {
    const log = new KeptLog();
    const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(
      rootOf(JstpModule.forRoot(OPTIONS)),
      {
        ...QUIET,
        logger: log,
        inject: [JstpServer],
        useFactory: (strategy: JstpServer) => ({ strategy }),
      },
    );
    atEnd(() => app.close());
    log.lines.length = 0;
    log.warn = (line) => {
      throw new Error(String(line));
    };
    await within(app.listen(), 'the microservice');
    expect(app.get(JstpServer).unwrap<CoreServer>().listening).toBe(true);
  });

  test('warns of a server that was never connected, and tells how', async () => {
    const { warnings } = await start(JstpModule.forRoot(OPTIONS), () => undefined);
    expect(warnings).toEqual([
      expect.stringContaining('app.connectMicroservice({ strategy: app.get(JstpServer) })'),
    ]);
  });

  test('warns of another server that was connected in its place', async () => {
    const { warnings } = await start(JstpModule.forRoot(OPTIONS), (app) => {
      app.connectMicroservice({ strategy: new JstpServer(OPTIONS) });
    });
    expect(warnings).toEqual([expect.stringContaining('Another JstpServer is connected in its place')]);
  });

  test('warns of another server that listens beside it, and of none of another application', async () => {
    await start(JstpModule.forRoot(OPTIONS), connectIt);
    const { warnings } = await start(JstpModule.forRoot(OPTIONS), (app) => {
      connectIt(app);
      app.connectMicroservice({ strategy: new JstpServer(OPTIONS) });
    });
    expect(warnings).toEqual([
      expect.stringContaining('Another JstpServer listens beside that of JstpModule'),
    ]);
  });

  test.each<[string, () => NonNullable<ModuleMetadata['imports']>]>([
    ['forRoot twice', () => [JstpModule.forRoot(OPTIONS), JstpModule.forRoot({ ...OPTIONS, host: '::1' })]],
    [
      'forRoot and forRootAsync',
      () => [JstpModule.forRoot(OPTIONS), JstpModule.forRootAsync({ useFactory: () => OPTIONS })],
    ],
    [
      'forRoot in another module',
      () => [JstpModule.forRoot(OPTIONS), moduleOf({ imports: [JstpModule.forRoot(OPTIONS)] })],
    ],
  ])('refuses %s', async (_title, imports) => {
    const made = NestFactory.create(rootOf(...imports()), QUIET);
    await expect(made).rejects.toThrow(ConfigurationError);
    await expect(made).rejects.toThrow('JstpModule must be imported once');
  });

  test('may be imported in several modules, as forRoot returned it', async () => {
    const jstp = JstpModule.forRoot({ ...OPTIONS, isGlobal: false });
    const app = await NestFactory.create(rootOf(jstp, moduleOf({ imports: [jstp] })), QUIET);
    atEnd(() => app.close());
    expect(app.get(Board).server).toBe(app.get(JstpServer));
  });

  test('refuses a factory that returned no options', async () => {
    const jstp = JstpModule.forRootAsync({ useFactory: () => undefined as never });
    await expect(NestFactory.create(rootOf(jstp), QUIET)).rejects.toThrow(
      'options must be an object, but undefined was given',
    );
  });
});

describe('the options of JstpModule', () => {
  test('are known ones, of forRoot and of what is around the factory', async () => {
    const misspelt = { ...OPTIONS, authPolicies: null } as JstpServerOptions;
    await expect(NestFactory.create(rootOf(JstpModule.forRoot(misspelt)), QUIET)).rejects.toThrow(
      /Unknown name "authPolicies" in .*: did you mean "authPolicy"\?/,
    );
    const around = { useFactory: () => OPTIONS, injects: [] };
    expect(() => JstpModule.forRootAsync(around)).toThrow(
      /Unknown name "injects" in .*: did you mean "inject"\?/,
    );
  });
});

describe('the options of JstpModule, where there are none', () => {
  test('are those of new JstpServer()', async () => {
    const { app } = await start(JstpModule.forRoot(), () => undefined);
    expect(app.get(JSTP_MODULE_OPTIONS)).toEqual({});
  });

  test.each<[string, object, string]>([
    ['of no source', {}, 'given one of useFactory, useClass and useExisting, but undefined was given'],
    ['of two sources', { useFactory: () => OPTIONS, useClass: Board }, '"useFactory and useClass" was given'],
  ])('are refused where they are %s', (_title, around, text) => {
    expect(() => JstpModule.forRootAsync(around)).toThrow(text);
  });
});

describe('JstpModule on the port of the application', () => {
  const guarded = { transport: 'ws', path: '/board', authPolicy: KeyGuard } as const;

  async function expectShared(jstp: DynamicModule): Promise<void> {
    const { app, warnings } = await start(jstp, connectIt);
    const { port } = (app.getHttpServer() as HttpServer).address() as AddressInfo;
    const client = new JstpClient({
      url: `ws://${LOOPBACK}:${port}/board`,
      strategy: 'key',
      credentials: 'k1',
    });
    atEnd(() => client.close());
    const pinned: unknown[] = [];
    client.fromEvent('board', 'pinned').subscribe((who) => pinned.push(who));
    expect(await within(client.call('board', 'pin', null), 'an answer')).toBe('pinned');
    await waitFor(() => pinned.length > 0, 'the event');
    expect(pinned).toEqual(['ida']);
    expect(await (await fetch(`http://${LOOPBACK}:${port}/page`)).text()).toBe('a page');
    expect(warnings).toEqual([]);
  }

  test("shares it by server: 'http', with a guard's class and an injected server", async () => {
    await expectShared(JstpModule.forRoot({ ...guarded, server: 'http' }));
  });

  test('shares it by a function that is asked when it listens', async () => {
    await expectShared(
      JstpModule.forRootAsync({
        inject: [HttpAdapterHost],
        useFactory: (host: HttpAdapterHost) => ({
          ...guarded,
          server: () => host.httpAdapter.getHttpServer() as HttpServer,
        }),
      }),
    );
  });

  test('shares it as one of several listeners', async () => {
    const { transport, path, authPolicy } = guarded;
    const listeners = [
      { transport: 'net', host: LOOPBACK, port: 0 },
      { transport, path, server: 'http' },
    ] as const;
    await expectShared(JstpModule.forRoot({ authPolicy, listeners }));
  });

  test("fails to start with server: 'http' where the application has no HTTP", async () => {
    const root = rootOf(JstpModule.forRoot({ transport: 'ws', server: 'http' }));
    const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(root, {
      ...QUIET,
      inject: [JstpServer],
      useFactory: (strategy: JstpServer) => ({ strategy }),
    });
    atEnd(() => app.close());
    await expect(app.listen()).rejects.toThrow("server: 'http' needs an application with HTTP");
  });
});

describe('a server of HTTP to share', () => {
  test.each<[string, object]>([
    ['that is undefined', { transport: 'ws', server: undefined }],
    ['of wss that is undefined', { transport: 'wss', server: undefined }],
    ['that is null', { transport: 'ws', server: null }],
    ["'http' without JstpModule", { transport: 'ws', server: 'http' }],
    [
      'of one of several listeners that is undefined',
      { listeners: [{ transport: 'ws', server: undefined }] },
    ],
    ['that is undefined, of TCP', { server: undefined }],
  ])('is refused when the server is made: one %s', (_title, options) => {
    const make = (): JstpServer => new JstpServer(options);
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow('server must be');
  });

  test('is an error of the start where the function gives none', async () => {
    const server = new JstpServer({ transport: 'ws', server: () => undefined as never });
    const error = await within(new Promise((resolve) => server.listen(resolve)), 'a start');
    expect(error).toMatchObject({ code: 'ERR_JSTP_CONFIGURATION', option: 'server' });
  });

  test('is asked for anew at each start', async () => {
    const https: HttpServer[] = [createServer(), createServer()];
    const given = [...https];
    const server = new JstpServer({ transport: 'ws', server: () => given.shift() ?? createServer() });
    for (const http of https) {
      atEnd(() => http.close());
      expect(await within(new Promise((resolve) => server.listen(resolve)), 'a start')).toBeUndefined();
      expect(Object.hasOwn(http, 'emit')).toBe(true);
      await within(server.close(), 'an end');
      expect(Object.hasOwn(http, 'emit')).toBe(false);
    }
  });
});
