/**
 * The client's half for Nest, without a server's code: `nestjs-jstp/client`. All of it is part of `nestjs-jstp`, too.
 * @module nestjs-jstp/client
 */
export { Application, type Api, type ApplicationLike } from './application/application.js';
export type { ClientsOf } from './application/contract.js';
export type { ExposedApi } from './application/exposed-methods.js';
export type { CallInfo, IncomingCall, OutgoingStream } from './application/incoming-call.js';
export type { MethodCallback } from './application/method-callback.js';
export { withCall } from './application/with-call.js';
export type { CallOptions, EventOptions } from './connection/calls/call-options.js';
export { JstpStream } from './connection/calls/jstp-stream.js';
export type { AppSpecifier, Connection } from './connection/connection.js';
export type { ConnectionState } from './connection/state.js';
export { MdsfSyntaxError } from './mdsf/index.js';
export { ConfigurationError } from './protocol/configuration-error.js';
export * from './protocol/error-codes.js';
export { JstpError } from './protocol/jstp-error.js';
export { LimitError } from './protocol/limit-error.js';
export { DEFAULT_LIMITS, type Limits } from './protocol/limits.js';
export { ProtocolError } from './protocol/protocol-error.js';
export { RemoteError } from './protocol/remote-error.js';
export type { JstpTransport } from './transport/client-entries.js';
export type { MethodOptions } from './nest/client/call-rules.js';
export type { JstpClientEvents, JstpClientStatus } from './nest/client/client-events.js';
export type {
  JstpClientCall,
  JstpClientInterceptor,
  JstpClientInterceptorFunction,
  JstpClientInterceptorOption,
  JstpClientNext,
} from './nest/client/client-interceptors.js';
export type { ClientMetrics } from './nest/client/client-metrics.js';
export type { OfflineMode, ReconnectOptions } from './connection/keeper/keeper-options.js';
export type { JstpClientOptions } from './nest/client/client-options.js';
export type { RemoteApi, RemoteStreams } from './nest/client/client-remote-api.js';
export { JstpClient } from './nest/client/jstp-client.js';
export type { RetryOptions } from './nest/client/retry.js';
export {
  getJstpClientOptionsToken,
  getJstpClientToken,
  getJstpInterfaceToken,
} from './nest/client-module/client-tokens.js';
export type { ArgSchema } from './nest/decorators/arg-schema.js';
export { Arg, type ArgOptions } from './nest/decorators/arg.decorator.js';
export { InjectJstp, InjectJstpInterface } from './nest/decorators/inject-jstp.decorator.js';
export { JstpExpose, type JstpClientChoice } from './nest/decorators/jstp-expose.decorator.js';
export { JstpSubscribe } from './nest/decorators/jstp-subscribe.decorator.js';
export { JstpArgs } from './nest/jstp-args.js';
export {
  JstpClientModule,
  type JstpClientAsyncOptions,
  type JstpClientModuleOptions,
  type JstpClientOptionsFactory,
  type JstpClientPlacement,
} from './nest/jstp-client.module.js';
export { JstpContext, type JstpCaller } from './nest/jstp-context.js';
export { JstpRecord, type JstpRecordOptions } from './nest/jstp-record.js';
export { JstpRecordBuilder } from './nest/jstp-record.builder.js';
export { JstpSource } from './nest/jstp-source.js';
export type { PayloadTypes } from './nest/types/payload-types.js';
export type { ObservableInput, StreamInput, WebStreamInput } from './util/stream-input.js';
