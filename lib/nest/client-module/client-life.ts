import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { JstpClientOptions } from '../client/client-options.js';
import { JstpClient } from '../client/jstp-client.js';
import { InterceptorClass } from './interceptor-class.js';

/**
 * Makes a client of JstpClientModule, and begins and ends it with its application. Where a test has put something else
 * in the client's place, there is no client here.
 */
export class ClientLife implements OnModuleInit, OnApplicationShutdown {
  private client: JstpClient | undefined;
  private connectOnInit = false;
  private readonly interceptors: InterceptorClass[] = [];

  /** @param moduleRef the module that injects into interceptors */
  constructor(private readonly moduleRef: ModuleRef) {}

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
    await Promise.all(this.interceptors.map((interceptor) => interceptor.prepare()));
    if (this.connectOnInit) await this.client?.connect();
  }

  /** Nest calls it last, when nothing of the application is served any more. */
  async onApplicationShutdown(signal?: string): Promise<void> {
    await this.client?.close(signal);
  }
}
