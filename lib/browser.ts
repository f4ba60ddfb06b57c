/**
 * JSTP in a browser (or wherever there is a global WebSocket): `nestjs-jstp/browser`.
 * @module nestjs-jstp/browser
 */
export { Application, type Api, type ApplicationLike, type EventNames } from './application/application.js';
export type { MethodCallback } from './application/method-callback.js';
export type { CallInfo, IncomingCall, OutgoingStream } from './application/incoming-call.js';
export { withCall } from './application/with-call.js';
export type { CallOptions, EventOptions } from './connection/calls/call-options.js';
export { JstpStream } from './connection/calls/jstp-stream.js';
export type { StreamOptions } from './connection/calls/open-stream.js';
export type { ObservableInput, StreamInput, WebStreamInput } from './util/stream-input.js';
export type { ConnectFunctions, InspectedConnection, RemoteProxies } from './connection/connect.js';
export {
  Connection,
  type AppSpecifier,
  type ClientOptions,
  type ConnectionEvents,
  type ConnectPolicy,
  type ConnectPolicyCallback,
  type ConnectPolicyFunction,
  type LogEmitter,
  type LogEvent,
  type ReconnectFunction,
  type Reconnector,
} from './connection/connection.js';
export type { UpgradeRequest } from './connection/upgrade-request.js';
export type { ConnectionState } from './connection/state.js';
export type { ExtensionName, Extensions } from './connection/extensions.js';
export type { OutgoingCall } from './connection/calls/outgoing-calls.js';
export { RemoteProxy, type RemoteMethod } from './connection/calls/remote-proxy.js';
export { SimpleConnectPolicy } from './connection/handshake/simple-connect-policy.js';
export { MdsfSyntaxError, parse, stringify } from './mdsf/index.js';
export { ConfigurationError } from './protocol/configuration-error.js';
export * from './protocol/error-codes.js';
export { JstpError } from './protocol/jstp-error.js';
export { DEFAULT_LIMITS, type Limits } from './protocol/limits.js';
export { LimitError } from './protocol/limit-error.js';
export { ProtocolError } from './protocol/protocol-error.js';
export { RemoteError } from './protocol/remote-error.js';
export { Session, type SessionBinding } from './session/session.js';
export { SessionStateError } from './session/session-state-error.js';
export { SessionTextError } from './session/session-text-error.js';
export { connect, connectAndInspect, reconnect } from './transport/browser/browser.js';
export { createClient } from './page/create-client.js';
export type { EventQueueOptions, PageCallOptions, PageClient } from './page/page-client.js';
export type { PageClientEvents, PageClientStatus } from './page/page-events.js';
export type { PageClientOptions, PageLogin } from './page/page-options.js';
export type { RemoteInterface } from './page/remote-interface.js';
export type { ExposedApi } from './application/exposed-methods.js';
export type { OfflineMode, ReconnectOptions } from './connection/keeper/keeper-options.js';
