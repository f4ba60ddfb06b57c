import {
  ConfigurableModuleBuilder,
  Logger,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import { ConfigurationError } from '../protocol/configuration-error.js';
import { check, checkNames, isObject } from '../protocol/option-checks.js';
import { GuardClass } from './server/guard-source.js';
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
const ONE_SOURCE = 'given one of useFactory, useClass and useExisting';

/** A provider of options for `JstpModule.forRootAsync({ useClass })`. */
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

const ASYNC_NAMES = Object.keys({
  useFactory: true,
  useClass: true,
  useExisting: true,
  inject: true,
  imports: true,
  provideInjectionTokensFrom: true,
  isGlobal: true,
} satisfies Record<keyof AsyncOptions, true>);

const SOURCE_NAMES = ['useFactory', 'useClass', 'useExisting'] as const;

/**
 * The token of the options that JstpModule was given, for providers that want to know them and for tests:
 * `overrideProvider(JSTP_MODULE_OPTIONS).useValue({ port: 0 })`.
 */
export const JSTP_MODULE_OPTIONS = MODULE_OPTIONS_TOKEN;

/**
 * Provides an injectable JstpServer: `app.get(JstpServer)` is the strategy of the microservice, any provider
 * may broadcast by it, and a guard's class in `authPolicy` is resolved here: the provider of that class, if there is one
 * in the application (which tests can override), else one that is made at start. With `{ transport: 'ws', server: 'http' }`
 * it shares the application's server of HTTP. Global, unless `isGlobal: false`; an application has one.
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
        // One that a factory forgot to return would be a server on localhost.
        check('options', options, 'an object', isObject);
        return new JstpServer(
          shareHttpServer(options, host),
          (guardClass) => new GuardClass(guardClass, moduleRef),
        );
      },
      inject: [MODULE_OPTIONS_TOKEN, ModuleRef, ModulesContainer, HttpAdapterHost],
    },
  ],
  exports: [JstpServer, MODULE_OPTIONS_TOKEN],
})
export class JstpModule extends ConfigurableModuleClass implements OnApplicationBootstrap {
  private readonly logger = new Logger('JstpModule');

  /** @internal */
  constructor(
    private readonly server: JstpServer,
    private readonly modules: ModulesContainer,
  ) {
    super();
  }

  /**
   * Makes the module of options.
   * @param options those of the server; without any it listens as `new JstpServer()` does
   * @throws ConfigurationError where that is no object
   */
  static override forRoot(options: ModuleOptions = {}): DynamicModule {
    check('options', options, 'an object', isObject);
    return super.forRoot(options);
  }

  /**
   * Makes the module of options that providers of the application give.
   * @throws ConfigurationError for an unknown name, and unless there is one source of the options
   */
  static override forRootAsync(options: AsyncOptions): DynamicModule {
    checkNames('options', options, ASYNC_NAMES);
    const sources = SOURCE_NAMES.filter((name) => options[name] !== undefined);
    if (sources.length !== 1)
      throw new ConfigurationError('forRootAsync', sources.join(' and ') || undefined, ONE_SOURCE);
    return super.forRootAsync(options);
  }

  /** Nest's: warns of a server that listens to nobody, and of another one beside it. */
  onApplicationBootstrap(): void {
    // A test may have put something else in its place.
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
