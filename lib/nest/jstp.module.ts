import {
  ConfigurableModuleBuilder,
  Logger,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import { ConfigurationError } from '../protocol/configuration-error.js';
import { check, isObject } from '../protocol/option-checks.js';
import { checkAsyncOptions } from './async-sources.js';
import { GuardClass } from './server/guard-source.js';
import { JstpRooms } from './jstp-rooms.js';
import type { JstpServerOptions } from './server/jstp-server-options.js';
import { JstpServer } from './server/jstp-server.js';
import { strategiesOf } from './server/registration.js';
import { shareHttpServer } from './server/share-http-server.js';

const UNCONNECTED =
  'The JstpServer of JstpModule does not listen, as it was not connected before the application started: ' +
  'app.connectMicroservice({ strategy: app.get(JstpServer) })';
const OTHER_INSTEAD =
  'Another JstpServer is connected in its place; providers that inject JstpServer do not get that one.';
const OTHER_BESIDE =
  'Another JstpServer listens beside that of JstpModule: providers that inject JstpServer reach the clients of ' +
  "JstpModule's alone. One server can listen on several transports: see its option `listeners`";
const ALONE =
  'imported once, by forRoot or forRootAsync (it is global: other modules need no import; one server can listen on ' +
  'several transports, see its option `listeners`)';

/** Provides the options of `JstpModule.forRootAsync({ useClass })` or `({ useExisting })`. */
export interface JstpOptionsFactory {
  /** Makes the options of the server. */
  createJstpOptions(): Promise<JstpServerOptions> | JstpServerOptions;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<JstpServerOptions>({
  moduleName: 'Jstp',
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createJstpOptions')
  .setExtras<{ isGlobal?: boolean }>({ isGlobal: true }, (definition, { isGlobal = true }) => ({
    ...definition,
    global: isGlobal,
  }))
  .build();

type ModuleOptions = Parameters<(typeof ConfigurableModuleClass)['forRoot']>[0];
type AsyncOptions = Parameters<(typeof ConfigurableModuleClass)['forRootAsync']>[0];

/**
 * The token of the options of JstpModule, for providers that inject them, and for tests:
 * `overrideProvider(JSTP_MODULE_OPTIONS).useValue({ port: 0 })`.
 */
export const JSTP_MODULE_OPTIONS = MODULE_OPTIONS_TOKEN;

/**
 * Provides an injectable JstpServer, and {@link JstpRooms}. `app.get(JstpServer)` is the strategy of the microservice, and any provider can
 * inject it to broadcast. `authPolicy` may be the class of a guard: the application's provider of that class is used
 * (which tests can override), or else one that is made at start. With `{ transport: 'ws', server: 'http' }` the
 * server shares the application's HTTP server. The module is global, unless `isGlobal` is false; an application
 * imports it once.
 *
 * @example
 * &#64;Module({ imports: [JstpModule.forRoot({ port: 3000, authPolicy: TokenGuard })] })
 * export class AppModule {}
 *
 * app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(JstpServer) });
 */
@Module({
  providers: [
    {
      provide: JstpServer,
      useFactory: (
        options: JstpServerOptions,
        moduleRef: ModuleRef,
        modules: ModulesContainer,
        host: HttpAdapterHost,
      ): JstpServer => {
        assertAlone(modules);
        // Why checked here: without options, which a factory may forget to return, the server would listen on
        // localhost.
        check('options', options, 'an object', isObject);
        return new JstpServer(
          shareHttpServer(options, host),
          (guardClass) => new GuardClass(guardClass, moduleRef),
        );
      },
      inject: [MODULE_OPTIONS_TOKEN, ModuleRef, ModulesContainer, HttpAdapterHost],
    },
    {
      provide: JstpRooms,
      useFactory: (server: JstpServer, options: JstpServerOptions): JstpRooms =>
        new JstpRooms(server, options.broadcaster ?? undefined),
      inject: [JstpServer, MODULE_OPTIONS_TOKEN],
    },
  ],
  exports: [JstpServer, JstpRooms, MODULE_OPTIONS_TOKEN],
})
export class JstpModule extends ConfigurableModuleClass implements OnApplicationBootstrap {
  private readonly logger = new Logger('JstpModule');

  /** @internal Nest makes the module. */
  constructor(
    private readonly server: JstpServer,
    private readonly modules: ModulesContainer,
  ) {
    super();
  }

  /**
   * Makes the module from options.
   * @param options those of the server, and `isGlobal`. @default those of `new JstpServer()`
   * @throws ConfigurationError where `options` is no object
   */
  static override forRoot(options: ModuleOptions = {}): DynamicModule {
    check('options', options, 'an object', isObject);
    return super.forRoot(options);
  }

  /**
   * Makes the module from options that a provider of the application gives.
   * @param options exactly one of `useFactory` (with `inject`), `useClass` and `useExisting`
   * @throws ConfigurationError for an unknown name, and for none or several of these three
   * @example
   * JstpModule.forRootAsync({ inject: [ConfigService], useFactory: (config) => ({ port: config.get('JSTP_PORT') }) })
   */
  static override forRootAsync(options: AsyncOptions): DynamicModule {
    checkAsyncOptions('forRootAsync', options, ['isGlobal']);
    return super.forRootAsync(options);
  }

  /** Warns where the server was never connected, or where another JstpServer is connected. Nest calls it. */
  onApplicationBootstrap(): void {
    // A test may have replaced the provider.
    if (!(this.server instanceof JstpServer)) return;
    const strategies = strategiesOf(this.modules);
    const others = strategies.size - (strategies.has(this.server) ? 1 : 0);
    if (!strategies.has(this.server))
      this.logger.warn(others > 0 ? `${UNCONNECTED} ${OTHER_INSTEAD}` : UNCONNECTED);
    else if (others > 0) this.logger.warn(OTHER_BESIDE);
  }
}

function assertAlone(modules: ModulesContainer): void {
  const count = [...modules.values()].filter(({ metatype }) => metatype === JstpModule).length;
  if (count > 1) throw new ConfigurationError('JstpModule', `${count} imports`, ALONE);
}
