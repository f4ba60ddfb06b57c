import { ConfigurableModuleBuilder, Module } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { guardFromModule } from './server/guard-source.js';
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
 * Provides an injectable JstpServer: `app.get(JstpServer)` is the strategy of the microservice, any provider
 * may broadcast by it, and a guard's class in `authPolicy` is resolved here. Global, unless `isGlobal: false`.
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
        new JstpServer(options, (guardClass) => guardFromModule(guardClass, moduleRef)),
      inject: [MODULE_OPTIONS_TOKEN, ModuleRef],
    },
  ],
  exports: [JstpServer],
})
export class JstpModule extends ConfigurableModuleClass {}
