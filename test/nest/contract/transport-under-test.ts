import { expect } from '@jest/globals';
import type {
  ClientProviderOptions,
  CustomTransportStrategy,
  Deserializer,
  MicroserviceOptions,
  Serializer,
  Server,
  TransportId,
} from '@nestjs/microservices';

/** What an attempt to connect fails with where nobody listens; an IPC socket is not there at all. */
export const REFUSED = { code: expect.stringMatching(/^(ECONNREFUSED|ENOENT)$/) as unknown };

/** What a contract test decides about one side of a link. */
export interface EndpointSettings {
  readonly port: number;
  readonly serializer?: Serializer;
  readonly deserializer?: Deserializer;
}

/** What Nest's users call on a server, whatever events and states its class declares. */
export interface ServerUnderTest
  extends
    Pick<
      Server,
      | 'transportId'
      | 'status'
      | 'addHandler'
      | 'getHandlers'
      | 'setOnProcessingStartHook'
      | 'setOnProcessingEndHook'
    >,
    CustomTransportStrategy {
  readonly transportId?: TransportId;
  unwrap(): unknown;
  readonly on: (...args: never[]) => unknown;
}

/** Registers a listener on a server or a client without knowing which events its class declares. */
export function listenTo(
  target: Pick<ServerUnderTest, 'on'>,
  event: string,
  listener: (...args: unknown[]) => void,
): void {
  Reflect.apply(target.on, target, [event, listener]);
}

/** What a transport can do beyond the control, or what the control of an older Nest cannot. */
export interface TransportCapabilities {
  /** The handler's Observable is unsubscribed once nobody at the caller's side waits for it. */
  readonly cancelsSource: boolean;
  /** `undefined` in an array arrives as it is: MDSF can say it, JSON makes it null. */
  readonly keepsUndefined: boolean;
  /** A serializer may return a Promise, and the order of messages is kept with it and with an asynchronous deserializer. */
  readonly asyncSerializers: boolean;
  /** The processing end hook runs once for each message, however many values its answer has. */
  readonly endHookRunsOnce: boolean;
  /** `undefined` among the values of an Observable arrives as a value. */
  readonly streamsUndefined: boolean;
  /** A call made right after `close` is not torn down by the late end of the closed connection. */
  readonly connectsRightAfterClose: boolean;
  /** What was registered by `on` before `connect` is registered on every later connection too. */
  readonly listenersSurviveReconnect: boolean;
  /** What listens is a handle of the event loop. */
  readonly hasHandles: boolean;
}

/** One transport as its users see it: how they make a server and a client. Everything else is the same for all of them. */
export interface TransportUnderTest {
  readonly name: string;
  readonly capabilities: TransportCapabilities;
  /** What a server that listens tells as its address. */
  addressOf(port: number): unknown;
  /** A server of 127.0.0.1, as an instance, so that a test can hold on to it. */
  createServer(settings: EndpointSettings): ServerUnderTest;
  /** The options a user gives to `createMicroservice` and `connectMicroservice` for such a server. */
  microserviceOptions(settings: EndpointSettings): MicroserviceOptions;
  /** The entry a user writes into `ClientsModule.register`. */
  clientProvider(name: string, settings: EndpointSettings): ClientProviderOptions;
}
