/** JSTP for NestJS: `nestjs-jstp`. The core (`nestjs-jstp/core`) is part of it. */
export * from './core.js';
export { Arg, type ArgOptions } from './nest/arg.decorator.js';
export { JSTP } from './nest/constants.js';
export type { JstpClientOptions, ReconnectOptions } from './nest/client-options.js';
export type { JstpClientEvents, JstpClientStatus } from './nest/client-events.js';
export type { RemoteApi } from './nest/client-remote-api.js';
export type { GuardOption } from './nest/guard-source.js';
export type { Arity, JstpHandlerExtras } from './nest/handler-extras.js';
export { JstpApplication } from './nest/jstp-application.decorator.js';
export { JstpArgs } from './nest/jstp-args.js';
export { JstpClient } from './nest/jstp-client.js';
export {
  JstpContext,
  type JstpCaller,
  type JstpContextArgs,
  type JstpHandshakeData,
  type JstpMessage,
} from './nest/jstp-context.js';
export { JstpHandshake } from './nest/jstp-handshake.decorator.js';
export { JstpInterface } from './nest/jstp-interface.decorator.js';
export type { JstpServerOptions } from './nest/jstp-server-options.js';
export type { JstpListenerOptions, JstpTransport } from './nest/listener-options.js';
export { JstpServer, type JstpServerEvents, type JstpServerStatus } from './nest/jstp-server.js';
export { JstpModule, type JstpOptionsFactory } from './nest/jstp.module.js';
