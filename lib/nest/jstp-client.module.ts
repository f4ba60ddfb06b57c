import {
  ConfigurableModuleBuilder,
  Module,
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  type FactoryProvider,
  type Provider,
} from '@nestjs/common';
import { ApplicationConfig, ExternalContextCreator, ModuleRef, ModulesContainer } from '@nestjs/core';
import { ConfigurationError } from '../protocol/configuration-error.js';
import { check, isBoolean, isObject, optional } from '../protocol/option-checks.js';
import { checkAsyncOptions } from './async-sources.js';
import { checkClientOptionNames, type JstpClientOptions } from './client/client-options.js';
import { createRemoteApi } from './client/client-remote-api.js';
import type { JstpClient } from './client/jstp-client.js';
import { ClientLife } from './client-module/client-life.js';
import {
  DEFAULT_CLIENT,
  getJstpClientOptionsToken,
  getJstpClientToken,
  getJstpInterfaceToken,
} from './client-module/client-tokens.js';
import { ModuleProviders } from './client-module/module-providers.js';

/** The options of a client of JstpClientModule, as a factory returns them. */
export interface JstpClientModuleOptions extends JstpClientOptions {
  /**
   * Whether the application connects this client while it starts, and fails to start where that fails. Otherwise the
   * client connects when it is first used. @default false
   */
  readonly connectOnInit?: boolean;
}

/** How JstpClientModule provides a client, beside the client's options. */
export interface JstpClientPlacement {
  /** The client's name, for `@InjectJstp(name)`. @default the client of `@InjectJstp()`, whose token is JstpClient */
  readonly name?: string;
  /** Whether all modules can inject the client without an import. @default true */
  readonly isGlobal?: boolean;
}

/** Provides the options of `JstpClientModule.registerAsync({ useClass })` or `({ useExisting })`. */
export interface JstpClientOptionsFactory {
  /** Makes the options of the client. */
  createJstpClientOptions(): Promise<JstpClientModuleOptions> | JstpClientModuleOptions;
}

/** The asynchronous options of JstpClientModule: one of `useFactory` (with `inject`), `useClass` and `useExisting`. */
export type JstpClientAsyncOptions = ConfigurableModuleAsyncOptions<
  JstpClientModuleOptions,
  'createJstpClientOptions'
> &
  JstpClientPlacement;

const PLACEMENT_NAMES = ['name', 'isGlobal'] as const;
const CONNECT_ON_INIT = 'connectOnInit';

/**
 * Provides injectable clients: {@link JstpClient}s that begin and end with the application, one for each name.
 * `interceptors` of their options may be classes: the application's provider of that class is used (which tests can
 * override), or else one that is made at start. The module is global, unless `isGlobal` is false.
 *
 * @example
 * &#64;Module({ imports: [JstpClientModule.register({ name: 'chat', app: 'chat@^1.0.0', port: 3000 })] })
 * export class AppModule {}
 *
 * constructor(@InjectJstp('chat') private readonly chat: JstpClient) {}
 */
@Module({})
export class JstpClientModule {
  /**
   * Provides a client, for `@InjectJstp(name)`.
   * @param options those of the client, `connectOnInit`, `name` and `isGlobal`. @default those of `new JstpClient()`
   * @throws ConfigurationError for an unknown name, and for a wrong `name` or `isGlobal`; the values of all others are
   * checked when the application starts
   */
  static register(options: JstpClientModuleOptions & JstpClientPlacement = {}): DynamicModule {
    checkClientOptionNames(options, [...PLACEMENT_NAMES, CONNECT_ON_INIT]);
    return moduleClassOf(options).register(options);
  }

  /**
   * Provides a client from options that a provider of the application gives.
   * @param options exactly one of `useFactory` (with `inject`), `useClass` and `useExisting`; `name` and `isGlobal`
   * @throws ConfigurationError for an unknown name, and for none or several of these three
   * @example
   * JstpClientModule.registerAsync({
   *   name: 'chat',
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ url: config.get('CHAT_URL') }),
   * })
   */
  static registerAsync(options: JstpClientAsyncOptions): DynamicModule {
    checkAsyncOptions('registerAsync', options, PLACEMENT_NAMES);
    return moduleClassOf(options).registerAsync(options);
  }

  /**
   * Provides remote interfaces of a client, as typed objects, for `@InjectJstpInterface(name, client)` in the module
   * that imports this. Nothing is asked of the server before a method is called.
   * @param interfaces the names of the interfaces
   * @param client the name of a client that is registered, and global. @default that of the client without a name
   * @throws ConfigurationError for an empty name
   */
  static forFeature(interfaces: readonly string[], client?: string): DynamicModule {
    check('interfaces', interfaces, 'an array of names of interfaces', Array.isArray);
    const providers = interfaces.map((name): FactoryProvider => ({
      provide: getJstpInterfaceToken(name, client),
      // Why not client.proxy: a test may have replaced the client by an object with its own `call`.
      useFactory: (found: Pick<JstpClient, 'call'>) =>
        createRemoteApi((method, args) => found.call(name, method, ...args)),
      inject: [getJstpClientToken(client)],
    }));
    return { module: JstpClientModule, providers, exports: providers };
  }
}

/** Nest's own module of options, whose modules then are JstpClientModule with the client besides. */
function moduleClassOf({ name, isGlobal }: JstpClientPlacement) {
  const optionsToken = getJstpClientOptionsToken(name);
  check('isGlobal', isGlobal, 'true or false', optional(isBoolean));
  const builder = new ConfigurableModuleBuilder<JstpClientModuleOptions>({
    optionsInjectionToken: optionsToken,
  })
    .setClassMethodName('register')
    .setFactoryMethodName('createJstpClientOptions')
    .setExtras<JstpClientPlacement>(
      { name: DEFAULT_CLIENT, isGlobal: true },
      ({ providers = [], ...definition }, extras) => ({
        ...definition,
        module: JstpClientModule,
        global: extras.isGlobal ?? true,
        providers: [...providers, ...clientProviders(name)],
        exports: [getJstpClientToken(name), optionsToken],
      }),
    );
  return builder.build().ConfigurableModuleClass;
}

function clientProviders(name: string | undefined): Provider[] {
  const clientToken = getJstpClientToken(name);
  return [
    {
      provide: ClientLife,
      useFactory: (
        moduleRef: ModuleRef,
        modules: ModulesContainer,
        external: ExternalContextCreator,
        config: ApplicationConfig,
      ) =>
        new ClientLife(
          name ?? DEFAULT_CLIENT,
          moduleRef,
          new ModuleProviders(JstpClientModule, modules, external, config),
        ),
      inject: [ModuleRef, ModulesContainer, ExternalContextCreator, ApplicationConfig],
    },
    {
      provide: clientToken,
      useFactory: (
        given: JstpClientModuleOptions,
        life: ClientLife,
        modules: ModulesContainer,
      ): JstpClient => {
        assertOnlyOne(name, modules);
        // Why checked here: without options, which a factory may forget to return, the client would call localhost.
        check('options', given, 'an object', isObject);
        checkClientOptionNames(given, [CONNECT_ON_INIT]);
        const { connectOnInit = false, ...options } = given;
        check(CONNECT_ON_INIT, connectOnInit, 'true or false', isBoolean);
        return life.make(options, connectOnInit);
      },
      inject: [getJstpClientOptionsToken(name), ClientLife, ModulesContainer],
    },
  ];
}

/** Several modules may have a client of one name each, but a global one is that of all modules. */
function assertOnlyOne(name: string | undefined, modules: ModulesContainer): void {
  const token = getJstpClientToken(name);
  const same = [...modules.values()].filter(
    (module) => module.metatype === JstpClientModule && module.providers.has(token),
  );
  if (same.length < 2 || !same.some(({ isGlobal }) => isGlobal)) return;
  const allowed = 'that of one client (with isGlobal: false, each module can have its own)';
  const given = name ?? DEFAULT_CLIENT;
  throw new ConfigurationError(
    'name',
    given,
    allowed,
    `name must be ${allowed}, but ${same.length} have "${given}"`,
  );
}
