/**
 * The messages of JSTP, as the connection sees them: already checked, one shape a kind.
 * On the wire a message is one MDSF object whose first key names the kind, whose second key is the
 * method, event, strategy or status ("verb"); the header is the array under the first key.
 */

/** A third header element of call and event: plain data that travels beside the arguments. */
export type Metadata = Record<string, unknown>;

/** Extensions offered in a handshake request, or accepted in its answer: name -> version. */
export type ExtensionOffer = Readonly<Record<string, unknown>>;

/** `{handshake:[0,'app','^1.0.0',{...}],login:['user','password']}` */
export interface HandshakeRequest {
  readonly kind: 'handshakeRequest';
  readonly id: number;
  readonly application: string;
  /** undefined where the wire has '', null or nothing: any version. */
  readonly version: string | undefined;
  readonly extensions: ExtensionOffer | undefined;
  /** The second key; 'anonymous' where there is none. */
  readonly strategy: string;
  readonly credentials: unknown;
}

/** `{handshake:[0,null,{...}],ok:'session id'}` or `{handshake:[0],error:[11]}` */
export interface HandshakeResponse {
  readonly kind: 'handshakeResponse';
  readonly id: number;
  readonly extensions: ExtensionOffer | undefined;
  /** The session's id (login) or the count of messages received (resume); undefined on an error. */
  readonly ok: string | number | undefined;
  /** The error array, never empty; undefined on success. */
  readonly error: readonly unknown[] | undefined;
}

/** `{call:[1,'iface',{...}],method:[a,b]}` */
export interface CallMessage {
  readonly kind: 'call';
  readonly id: number;
  /** undefined where the wire has none or no string. */
  readonly interfaceName: string | undefined;
  /** undefined where there is no second key. */
  readonly method: string | undefined;
  /** undefined where they are missing or no array. */
  readonly args: unknown[] | undefined;
  readonly metadata: Metadata | undefined;
}

/** `{callback:[1],ok:[r]}` or `{callback:[1],error:[code,message]}` */
export interface CallbackMessage {
  readonly kind: 'callback';
  readonly id: number;
  readonly ok: unknown[] | undefined;
  /** Never empty. Exactly one of ok and error is set. */
  readonly error: readonly unknown[] | undefined;
}

/** `{event:[2,'iface',{...}],name:[a]}` */
export interface EventMessage {
  readonly kind: 'event';
  readonly id: number;
  readonly interfaceName: string | undefined;
  readonly event: string | undefined;
  readonly args: unknown[] | undefined;
  readonly metadata: Metadata | undefined;
}

/** `{inspect:[3,'iface']}` */
export interface InspectMessage {
  readonly kind: 'inspect';
  readonly id: number;
  readonly interfaceName: string | undefined;
}

/** `{ping:[4]}` */
export interface PingMessage {
  readonly kind: 'ping';
  readonly id: number;
}

/** `{pong:[4]}` */
export interface PongMessage {
  readonly kind: 'pong';
  readonly id: number;
}

/** `{stream:[callId,n],data:[value]}`: the n-th value (1, 2, 3...) of a streaming call. */
export interface StreamItemMessage {
  readonly kind: 'streamItem';
  readonly callId: number;
  readonly n: number;
  readonly value: unknown;
}

/** `{stream:[callId],credit:[limit]}`: values up to n = limit may be sent. */
export interface StreamCreditMessage {
  readonly kind: 'streamCredit';
  readonly callId: number;
  readonly limit: number;
}

/** `{cancel:[callId]}` */
export interface CancelMessage {
  readonly kind: 'cancel';
  readonly callId: number;
}

/** Why a peer ends the connection on purpose. */
export type ByeReason = 'close' | 'moved' | 'taken';

/** `{bye:['close']}` */
export interface ByeMessage {
  readonly kind: 'bye';
  readonly reason: ByeReason;
  /** What led to it, of peers that say so. */
  readonly info?: string | undefined;
}

/** `{}`: the heartbeat of old peers; allowed at any time, never answered. */
export interface EmptyMessage {
  readonly kind: 'empty';
}

/** A kind that this implementation does not know; ignored after the handshake, not counted. */
export interface UnknownMessage {
  readonly kind: 'unknown';
  readonly name: string;
}

/** Any message, checked. */
export type Message =
  | HandshakeRequest
  | HandshakeResponse
  | CallMessage
  | CallbackMessage
  | EventMessage
  | InspectMessage
  | PingMessage
  | PongMessage
  | StreamItemMessage
  | StreamCreditMessage
  | CancelMessage
  | ByeMessage
  | EmptyMessage
  | UnknownMessage;
