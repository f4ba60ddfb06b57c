/**
 * JSTP for NestJS: `nestjs-jstp`. The core (`nestjs-jstp/core`) is part of it.
 * @module nestjs-jstp
 */
export * from './core.js';
export { Arg, type ArgOptions } from './nest/decorators/arg.decorator.js';
export type { ArgSchema } from './nest/decorators/arg-schema.js';
export type { ValidationIssue } from './nest/handling/validation-issues.js';
export { JSTP } from './nest/constants.js';
export type {
  JstpClientCall,
  JstpClientInterceptor,
  JstpClientInterceptorFunction,
  JstpClientInterceptorOption,
  JstpClientNext,
} from './nest/client/client-interceptors.js';
export type { OfflineMode, ReconnectOptions } from './connection/keeper/keeper-options.js';
export type { JstpClientOptions } from './nest/client/client-options.js';
export type { PayloadTypes } from './nest/types/payload-types.js';
export type { MethodOptions } from './nest/client/call-rules.js';
export type { RetryOptions } from './nest/client/retry.js';
export type { JstpClientEvents, JstpClientStatus } from './nest/client/client-events.js';
export type { ClientMetrics } from './nest/client/client-metrics.js';
export type { ExposedApi } from './application/exposed-methods.js';
export type { RemoteApi, RemoteStreams } from './nest/client/client-remote-api.js';
export type { AccessLogOptions, JstpAccessRecord } from './nest/server/access-log.js';
export type { GuardOption } from './nest/server/guard-source.js';
export type { AdministrationOptions } from './nest/administration/administration-option.js';
export type { ReflectionOption, ReflectionOptions } from './nest/reflection/reflection-option.js';
export type { Arity, JstpHandlerExtras } from './nest/decorators/handler-extras.js';
export { InjectJstp, InjectJstpInterface } from './nest/decorators/inject-jstp.decorator.js';
export { JstpApplication } from './nest/decorators/jstp-application.decorator.js';
export { JstpArgs } from './nest/jstp-args.js';
export { JstpClient } from './nest/client/jstp-client.js';
export {
  JstpContext,
  type JstpCaller,
  type JstpContextArgs,
  type JstpHandshakeData,
  type JstpMessage,
} from './nest/jstp-context.js';
export type { Handles } from './nest/contract/handles.js';
export { JstpExpose, type JstpClientChoice } from './nest/decorators/jstp-expose.decorator.js';
export {
  JstpDescription,
  type JstpDescriptionOptions,
} from './nest/decorators/jstp-description.decorator.js';
export {
  JstpEmits,
  type JstpEmitsOptions,
  type JstpEmittedArgument,
  type JstpEmittedArgumentOptions,
} from './nest/decorators/jstp-emits.decorator.js';
export { JstpResult, type JstpResultOptions } from './nest/decorators/jstp-result.decorator.js';
export { loadPluginMetadata } from './nest/reflection/plugin-metadata.js';
export type { SchemaSource } from './nest/reflection/schema-source.js';
export { createAsyncApiDocument, type AsyncApiDocumentOptions } from './nest/reflection/asyncapi-document.js';
export { JstpHandshake } from './nest/decorators/jstp-handshake.decorator.js';
export { JstpInterface } from './nest/decorators/jstp-interface.decorator.js';
export type { JstpServerOptions } from './nest/server/jstp-server-options.js';
export type { JstpListenerOptions } from './nest/server/listener-options.js';
export type { JstpTransport } from './transport/client-entries.js';
export { JstpRecord, type JstpRecordOptions } from './nest/jstp-record.js';
export { JstpSource } from './nest/jstp-source.js';
export { JstpRooms } from './nest/jstp-rooms.js';
export { JstpRecordBuilder } from './nest/jstp-record.builder.js';
export { JstpServer, type JstpServerEvents, type JstpServerStatus } from './nest/server/jstp-server.js';
export { JSTP_MODULE_OPTIONS, JstpModule, type JstpOptionsFactory } from './nest/jstp.module.js';
export { JstpSubscribe } from './nest/decorators/jstp-subscribe.decorator.js';
export {
  JstpClientModule,
  type JstpClientAsyncOptions,
  type JstpClientModuleOptions,
  type JstpClientOptionsFactory,
  type JstpClientPlacement,
} from './nest/jstp-client.module.js';
export {
  getJstpClientOptionsToken,
  getJstpClientToken,
  getJstpInterfaceToken,
} from './nest/client-module/client-tokens.js';
