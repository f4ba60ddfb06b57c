import {
  ConfigurableModuleBuilder,
  Module,
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  type Provider,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { checkAsyncOptions } from '../nest/async-sources.js';
import { Explorer, EXPLORER_FOLDER, EXPLORER_OPTIONS } from './explorer.js';
import { ExplorerResponder } from './explorer-responder.js';
import { adaptRoutes, explorerController } from './explorer.controller.js';
import {
  checkExplorerOptions,
  checkPlacement,
  isEnabled,
  type ExplorerOptions,
  type ExplorerPlacement,
  type JstpExplorerOptions,
} from './explorer-options.js';

/** Provides the options of `JstpExplorerModule.forRootAsync({ useClass })` or `({ useExisting })`. */
export interface JstpExplorerOptionsFactory {
  /** Makes the options of the explorer, but for those of its placement. */
  createExplorerOptions(): Promise<ExplorerOptions> | ExplorerOptions;
}

/** The asynchronous options: one of `useFactory` (with `inject`), `useClass` and `useExisting`, and the placement. */
export type JstpExplorerAsyncOptions = ConfigurableModuleAsyncOptions<
  ExplorerOptions,
  'createExplorerOptions'
> &
  ExplorerPlacement;

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<ExplorerOptions>({
  moduleName: 'JstpExplorer',
  optionsInjectionToken: EXPLORER_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createExplorerOptions')
  .build();

const PROVIDERS: Provider[] = [
  Explorer,
  ExplorerResponder,
  { provide: EXPLORER_FOLDER, useValue: new URL('page/', import.meta.url) },
];

/**
 * Serves a page that looks into the JstpServer of this application: its interfaces, methods and events, to be called and
 * watched; its connections, and how busy it is. The page talks to a WebSocket listener of that server.
 *
 * It is off where NODE_ENV is 'production', unless `enabled` is true.
 *
 * @example
 * &#64;Module({
 *   imports: [
 *     JstpModule.forRoot({ transport: 'ws', server: 'http', path: '/jstp', reflection: true }),
 *     JstpExplorerModule.forRoot({ path: '/jstp-explorer' }),
 *   ],
 * })
 * export class AppModule {}
 */
@Module({})
export class JstpExplorerModule extends ConfigurableModuleClass {
  /**
   * Serves the explorer.
   * @param options where, for whom, and what it shows. @default at /jstp-explorer, outside of production
   * @throws ConfigurationError naming the option, what was given and what is allowed
   */
  static override forRoot(options: JstpExplorerOptions = {}): DynamicModule {
    checkExplorerOptions(options);
    checkPlacement(options);
    const { path, guards, imports, ...rest } = options;
    const definition = super.forRoot(rest);
    return placed(definition, { path, guards, imports }, isEnabled(rest));
  }

  /**
   * The same, with options that a provider of the application gives. `path` and `guards` stand beside the factory, as the
   * routes are made before it is asked.
   * @throws ConfigurationError for an unknown name, and for none or several of `useFactory`, `useClass` and `useExisting`
   * @example
   * JstpExplorerModule.forRootAsync({
   *   path: '/tools/jstp',
   *   guards: [StaffGuard],
   *   inject: [ConfigService],
   *   useFactory: (config) => ({ enabled: config.get('EXPLORER') === 'on' }),
   * })
   */
  static override forRootAsync(options: JstpExplorerAsyncOptions): DynamicModule {
    checkAsyncOptions('forRootAsync', options, ['path', 'guards']);
    checkPlacement(options);
    const { path, guards, ...rest } = options;
    return placed(super.forRootAsync(rest), { path, guards }, true);
  }
}

/** @param hasPage whether the page has routes */
function placed(definition: DynamicModule, placement: ExplorerPlacement, hasPage: boolean): DynamicModule {
  const { providers = [], imports = [] } = definition;
  const common = { ...definition, imports: [...imports, ...(placement.imports ?? [])] };
  if (!hasPage) return { ...common, providers: [...providers, ...PROVIDERS] };
  const controller = explorerController(placement);
  const routes = {
    provide: Symbol('explorerRoutes'),
    useFactory: (host: HttpAdapterHost): void => {
      adaptRoutes(controller, host);
    },
    inject: [HttpAdapterHost],
  };
  return { ...common, providers: [...providers, ...PROVIDERS, routes], controllers: [controller] };
}
