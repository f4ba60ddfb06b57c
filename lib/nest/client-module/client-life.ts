import type {
  BeforeApplicationShutdown,
  OnApplicationBootstrap,
  OnApplicationShutdown,
  OnModuleInit,
} from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { JstpClientOptions } from '../client/client-options.js';
import { JstpClient } from '../client/jstp-client.js';
import { InterceptorClass } from './interceptor-class.js';
import type { ProviderApplication } from './provider-application.js';

/** What serves methods of the application's providers to the server of a client. */
export interface ProviderSource {
  /**
   * Makes the application of the methods that are meant for a client; undefined where there are none.
   * @param owner which client
   * @param report told of errors that no caller gets
   * @throws ConfigurationError for decorators that name no client, for those of any client
   */
  applicationFor(owner: ClientLife, report: (error: unknown) => void): ProviderApplication | undefined;
}

/**
 * Makes a client of JstpClientModule, and begins and ends it with its application. Where a test has put something else
 * in the client's place, there is no client here.
 */
export class ClientLife
  implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  private client: JstpClient | undefined;
  private connectOnInit = false;
  private readonly interceptors: InterceptorClass[] = [];
  private isSubscribed = false;

  /**
   * @param name the name of the client
   * @param moduleRef the module that injects into interceptors
   * @param providers finds what the server may call, and who subscribes to its events
   */
  constructor(
    readonly name: string,
    private readonly moduleRef: ModuleRef,
    private readonly providers: ProviderSource,
  ) {}

  /**
   * Makes the client.
   * @param connectOnInit whether to connect while the application starts
   * @throws ConfigurationError for an option that is not allowed
   */
  make(options: JstpClientOptions, connectOnInit: boolean): JstpClient {
    this.connectOnInit = connectOnInit;
    this.client = new JstpClient(options, (type) => {
      const interceptor = new InterceptorClass(type, this.moduleRef);
      this.interceptors.push(interceptor);
      return interceptor;
    });
    return this.client;
  }

  /** Nest calls it; the start of the application fails with what it rejects with. */
  async onModuleInit(): Promise<void> {
    const { client } = this;
    const application = this.providers.applicationFor(this, (error) => client?.report(error));
    // Before it connects, so that no call of the server comes too early.
    if (application) client?.provide(application);
    this.isSubscribed = application?.hasEvents === true;
    await Promise.all(this.interceptors.map((interceptor) => interceptor.prepare()));
    if (this.connectOnInit) await client?.connect();
  }

  /** Nest calls it when all is made: the subscribers get events from now on. */
  onApplicationBootstrap(): void {
    if (this.isSubscribed) this.client?.listen(true);
  }

  /** Nest calls it before anything of the application ends: the subscribers get no more events. */
  beforeApplicationShutdown(): void {
    if (this.isSubscribed) this.client?.listen(false);
  }

  /** Nest calls it last, when nothing of the application is served any more. */
  async onApplicationShutdown(signal?: string): Promise<void> {
    await this.client?.close(signal);
  }
}
