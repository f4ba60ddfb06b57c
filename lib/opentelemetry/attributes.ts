import type { Attributes } from '@opentelemetry/api';
import type { EventNames } from '../application/application.js';
import type { Connection } from '../connection/connection.js';
import type {
  ConnectOperation,
  HandshakeOperation,
  ReceiveOperation,
  SendOperation,
} from '../connection/observing/operations.js';

/** The value of `rpc.system.name` and `messaging.system`. */
const SYSTEM = 'jstp';

/** The names of attributes, by the semantic conventions of OpenTelemetry; `jstp` has what those have no name for. */
export const ATTRIBUTES = {
  rpcSystem: 'rpc.system.name',
  rpcMethod: 'rpc.method',
  rpcMethodOriginal: 'rpc.method_original',
  rpcStatusCode: 'rpc.status_code',
  errorType: 'error.type',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  clientAddress: 'client.address',
  messagingSystem: 'messaging.system',
  messagingOperationName: 'messaging.operation.name',
  messagingOperationType: 'messaging.operation.type',
  messagingDestination: 'messaging.destination.name',
  application: 'jstp.application',
  strategy: 'jstp.handshake.strategy',
  isReconnect: 'jstp.connect.reconnect',
} as const;

/** The method of a call whose name the application has not declared. Why: a peer's texts must not become names. */
const OTHER = '_OTHER';

/** A method or event: 'interface/name'. */
function fullName({ interfaceName, name }: EventNames): string {
  return `${interfaceName}/${name}`;
}

/** The name by which what is received is counted: '_OTHER' for one that is not declared, and that no wildcard stands for. */
function knownName(operation: SendOperation | ReceiveOperation): string {
  if (!('isDeclared' in operation) || operation.isDeclared) return fullName(operation);
  return operation.wildcard ? fullName(operation.wildcard) : OTHER;
}

/** The name and the attributes of a span. */
export interface SpanDescription {
  readonly name: string;
  readonly attributes: Attributes;
}

/** Describes a call that is made or served. */
export function describeCall(operation: SendOperation | ReceiveOperation): SpanDescription {
  const method = knownName(operation);
  const isOther = method === OTHER;
  return {
    // By the conventions, the system's name stands for a method that is not known.
    name: isOther ? SYSTEM : method,
    attributes: {
      [ATTRIBUTES.rpcSystem]: SYSTEM,
      [ATTRIBUTES.rpcMethod]: method,
      ...(isOther && { [ATTRIBUTES.rpcMethodOriginal]: fullName(operation) }),
      ...peerOf(operation.connection),
      [ATTRIBUTES.application]: operation.application,
    },
  };
}

/** Describes an event that is sent or handled. */
export function describeEvent(operation: SendOperation | ReceiveOperation): SpanDescription {
  const { kind } = operation;
  const destination = knownName(operation);
  return {
    name: destination === OTHER ? `${kind} ${SYSTEM}` : `${kind} ${destination}`,
    attributes: {
      [ATTRIBUTES.messagingSystem]: SYSTEM,
      [ATTRIBUTES.messagingOperationName]: kind,
      [ATTRIBUTES.messagingOperationType]: kind === 'emit' ? 'send' : 'process',
      [ATTRIBUTES.messagingDestination]: destination,
      ...peerOf(operation.connection),
      [ATTRIBUTES.application]: operation.application,
    },
  };
}

/** Describes a connect, a handshake or a resume. */
export function describeConnection(operation: ConnectOperation | HandshakeOperation): SpanDescription {
  const { kind, connection, application } = operation;
  return {
    name: `${SYSTEM} ${kind}`,
    attributes: {
      [ATTRIBUTES.application]: application,
      ...(connection && peerOf(connection)),
      ...(operation.kind === 'connect'
        ? { [ATTRIBUTES.isReconnect]: operation.isReconnect }
        : { [ATTRIBUTES.strategy]: operation.strategy }),
    },
  };
}

/** Where the peer is: on a client's side the server, on a server's the client. */
function peerOf(connection: Connection): Attributes {
  const { server, remoteAddress } = connection;
  if (server) return { [ATTRIBUTES.clientAddress]: remoteAddress };
  const { remotePort } = (connection.getTransport() ?? {}) as { readonly remotePort?: unknown };
  return {
    [ATTRIBUTES.serverAddress]: remoteAddress,
    [ATTRIBUTES.serverPort]: typeof remotePort === 'number' ? remotePort : undefined,
  };
}
