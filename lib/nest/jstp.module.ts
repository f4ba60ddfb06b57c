import { ConfigurableModuleBuilder, Module } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { GuardClass } from './server/guard-source.js';
import type { JstpServerOptions } from './server/jstp-server-options.js';
import { JstpServer } from './server/jstp-server.js';

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

/**
 * The token of the options that JstpModule was given, for providers that want to know them and for tests:
 * `overrideProvider(JSTP_MODULE_OPTIONS).useValue({ port: 0 })`.
 */
export const JSTP_MODULE_OPTIONS = MODULE_OPTIONS_TOKEN;

/**
 * Provides an injectable JstpServer: `app.get(JstpServer)` is the strategy of the microservice, any provider
 * may broadcast by it, and a guard's class in `authPolicy` is resolved here: the provider of that class, if there is one
 * in the application (which tests can override), else one that is made at start. Global, unless `isGlobal: false`.
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
      useFactory: (options: JstpServerOptions, moduleRef: ModuleRef): JstpServer =>
        new JstpServer(options, (guardClass) => new GuardClass(guardClass, moduleRef)),
      inject: [MODULE_OPTIONS_TOKEN, ModuleRef],
    },
  ],
  exports: [JstpServer, MODULE_OPTIONS_TOKEN],
})
export class JstpModule extends ConfigurableModuleClass {}
