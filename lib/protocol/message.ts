/**
 * The messages of JSTP after their checks, one shape for each kind (docs/protocol.md).
 *
 * On the wire a message is an MDSF object. Its first key names the kind, and the array under that key is the header. Its
 * second key is the method, the event, the strategy or the status.
 */

/** Plain data beside the arguments: the third header element of a call or an event, the second one of a callback. */
export type Metadata = Record<string, unknown>;

/** Stands for metadata that is larger than `limits.maxMetadataBytes`. Its message has no arguments. */
export const OVERSIZED_METADATA: Metadata = Object.freeze({});

/** The extensions that a handshake offers or accepts: name -> version. */
export type ExtensionOffer = Readonly<Record<string, unknown>>;

/** `{handshake:[0,'app','^1.0.0',{...}],login:['user','password']}` */
export interface HandshakeRequest {
  readonly kind: 'handshakeRequest';
  readonly id: number;
  readonly application: string;
  /** undefined where the wire has '', null or nothing, which means any version. */
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
  /** undefined where the wire has none, or none that is a string. */
  readonly interfaceName: string | undefined;
  /** undefined where there is no second key. */
  readonly method: string | undefined;
  /** undefined where they are missing, or no array. */
  readonly args: unknown[] | undefined;
  readonly metadata: Metadata | undefined;
  /** Which arguments are streams, as the peer says, unchecked: undefined where it says nothing. */
  readonly sources: unknown;
  /** How many values it has, as `limits.maxMessageNodes` counts them. */
  readonly values: number;
}

/** `{callback:[1,{...}],ok:[r]}` or `{callback:[1,{...}],error:[code,message]}` */
export interface CallbackMessage {
  readonly kind: 'callback';
  readonly id: number;
  readonly ok: unknown[] | undefined;
  /** Never empty. Invariant: exactly one of ok and error is set. */
  readonly error: readonly unknown[] | undefined;
  /** undefined where there is none, or more than `limits.maxMetadataBytes`. */
  readonly metadata: Metadata | undefined;
}

/** `{event:[2,'iface',{...}],name:[a]}` */
export interface EventMessage {
  readonly kind: 'event';
  readonly id: number;
  readonly interfaceName: string | undefined;
  readonly event: string | undefined;
  readonly args: unknown[] | undefined;
  readonly metadata: Metadata | undefined;
  /** How many values it has, as `limits.maxMessageNodes` counts them. */
  readonly values: number;
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

/** `{stream:[callId,n],data:[value]}`: value number n (1, 2, 3...) of a streaming call. */
export interface StreamItemMessage {
  readonly kind: 'streamItem';
  readonly callId: number;
  readonly n: number;
  readonly value: unknown;
}

/** `{stream:[callId],credit:[limit]}`: values up to number `limit` may be sent. */
export interface StreamCreditMessage {
  readonly kind: 'streamCredit';
  readonly callId: number;
  readonly limit: number;
}

/** `{source:[callId,place,n],data:[value]}`: value number n (1, 2, 3...) of the stream that is an argument of a call. */
export interface SourceItemMessage {
  readonly kind: 'sourceItem';
  readonly callId: number;
  /** Which argument it is, from 0. */
  readonly place: number;
  readonly n: number;
  readonly value: unknown;
  /** How many values it has, as `limits.maxMessageNodes` counts them. */
  readonly values: number;
}

/** `{source:[callId,place,n],end:[]}`, or with an error: what comes behind the last value, with the number after that. */
export interface SourceEndMessage {
  readonly kind: 'sourceEnd';
  readonly callId: number;
  readonly place: number;
  readonly n: number;
  /** Never empty; undefined where the stream has come to its end. */
  readonly error: readonly unknown[] | undefined;
}

/** `{source:[callId,place],credit:[limit]}`: values up to number `limit` may be sent. */
export interface SourceCreditMessage {
  readonly kind: 'sourceCredit';
  readonly callId: number;
  readonly place: number;
  readonly limit: number;
}

/** `{source:[callId,place],cancel:[]}`: no more values are wanted; the call goes on. */
export interface SourceCancelMessage {
  readonly kind: 'sourceCancel';
  readonly callId: number;
  readonly place: number;
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
  /** What led to it; undefined where the peer does not say. */
  readonly info?: string | undefined;
}

/** `{drain:[]}`: the server is about to end. It takes no new calls, and finishes those under way. */
export interface DrainMessage {
  readonly kind: 'drain';
}

/** `{}`: the heartbeat of peers without extensions. Allowed at any time, never answered. */
export interface EmptyMessage {
  readonly kind: 'empty';
}

/** A kind that this implementation does not know. Ignored after the handshake, and not counted. */
export interface UnknownMessage {
  readonly kind: 'unknown';
  readonly name: string;
}

/** Any message, after its checks. */
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
  | SourceItemMessage
  | SourceEndMessage
  | SourceCreditMessage
  | SourceCancelMessage
  | CancelMessage
  | ByeMessage
  | DrainMessage
  | EmptyMessage
  | UnknownMessage;
