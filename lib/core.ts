/**
 * JSTP without Nest: `nestjs-jstp/core`.
 * @module nestjs-jstp/core
 */
export { Application, type Api, type ApplicationLike, type EventNames } from './application/application.js';
export type { ClientsOf } from './application/contract.js';
export type { MethodCallback } from './application/method-callback.js';
export { createAppsIndex, type AppsIndex } from './application/applications.js';
export type { CallInfo, IncomingCall, OutgoingStream } from './application/incoming-call.js';
export { withCall } from './application/with-call.js';
export type { CallOptions, EventOptions } from './connection/calls/call-options.js';
export { JstpStream } from './connection/calls/jstp-stream.js';
export type { StreamOptions } from './connection/calls/open-stream.js';
export type { ObservableInput, StreamInput, WebStreamInput } from './util/stream-input.js';
export type {
  ConnectCallback,
  ConnectFunctions,
  InspectedConnection,
  RemoteProxies,
} from './connection/connect.js';
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
export type {
  ConnectOperation,
  HandshakeOperation,
  Operation,
  OperationKind,
  ReceiveOperation,
  SendOperation,
} from './connection/observing/operations.js';
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
export type {
  AuthCallback,
  AuthPolicy,
  AuthPolicyFunction,
  AuthPolicyObject,
} from './server/handshake/auth-policy.js';
export type { ConnectionLimit, ConnectionRefuser, RefusedConnection } from './server/door/door.js';
export type { ConnectionTimeout } from './server/sessions/lifetimes.js';
export type { ReachedBudget } from './server/budget-watch.js';
export type { ShedLoad } from './server/door/memory-guard.js';
export type { RefusalKind, RefusedHandshake } from './server/handshake/refusal.js';
export type { Audience, UserAudience } from './server/rooms/audience.js';
export type { Presence, PresentSession } from './server/rooms/presence.js';
export type { RoomsBroadcaster, RoomsTarget } from './server/rooms/rooms-broadcaster.js';
export type { JoinReason, LeaveReason } from './server/rooms/room-reasons.js';
export type { Rooms } from './server/rooms/rooms.js';
export type { Excluded, Selection, WithConnection } from './server/rooms/selection.js';
export type { CallMetrics } from './connection/metrics/call-metrics.js';
export type { Durations } from './connection/metrics/duration-histogram.js';
export type { CountedNames } from './connection/metrics/name-table.js';
export type { CallCounts, EventCounts } from './connection/metrics/series.js';
export type { Traffic } from './connection/metrics/traffic-meter.js';
export type { BudgetMetrics, CountsBy, ServerMetrics } from './server/metrics/server-metrics.js';
export { asyncApiOf, type AsyncApiDocument, type AsyncApiOptions } from './reflection/asyncapi.js';
export type { AsyncApiServer } from './reflection/asyncapi-server.js';
export {
  DEFINITIONS,
  DESCRIPTION_FORMAT,
  REFLECTION_INTERFACE,
  type ApplicationDescription,
  type ArgumentDescription,
  type EventDescription,
  type HandshakeDescription,
  type InterfaceDescription,
  type JsonSchema,
  type MemberDescription,
  type MethodDescription,
  type ServedApplication,
} from './reflection/application-description.js';
export { typesOf } from './reflection/typescript.js';
export {
  ADMINISTRATION_INTERFACE,
  type Administration,
  type BudgetName,
  type BudgetReport,
  type CallInService,
  type CallReport,
  type ConnectionDetail,
  type ConnectionPage,
  type ConnectionQuery,
  type ConnectionSummary,
  type FailureReport,
  type LatencyReport,
  type MethodReport,
  type ServerSnapshot,
} from './server/administration/administration.js';
export type { Server } from './server/server.js';
export type { ServerEvents } from './server/server-events.js';
export type {
  ApplicationsOption,
  DrainStreams,
  Introspection,
  ServerOptions,
} from './server/server-options.js';
export type { ServerUsage, Usage } from './server/usage.js';
export { Session, type SessionBinding } from './session/session.js';
export { SessionSizeError } from './session/session-size-error.js';
export { SessionStateError } from './session/session-state-error.js';
export { SessionTextError } from './session/session-text-error.js';
export type {
  ClaimRequest,
  SessionOwner,
  SharedSessionStorageProvider,
} from './session/shared-session-storage.js';
export type { SessionClaim } from './session/session-claim.js';
export type { SessionStorageProvider } from './session/session-storage.js';
export { SimpleSessionStorageProvider } from './session/simple-session-storage-provider.js';
export type { TransportEntry } from './transport/entry.js';
export type {
  AddressOptions,
  ForwardedHeader,
  SocketAddressSource,
  WebSocketAddressSource,
} from './transport/proxy/proxy-options.js';
export {
  net,
  tls,
  ws,
  wss,
  type NetServerOptions,
  type TlsServerOptions,
  type WebSocketOptions,
} from './transport/index.js';
