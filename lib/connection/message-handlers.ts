import {
  ERR_CALLBACK_LOST,
  ERR_INTERFACE_NOT_FOUND,
  ERR_INTERNAL_API_ERROR,
} from '../protocol/error-codes.js';
import { formatCallbackError, formatCallbackOk } from '../protocol/format-message.js';
import type {
  ByeMessage,
  CallbackMessage,
  CallMessage,
  EventMessage,
  InspectMessage,
  Message,
  StreamItemMessage,
} from '../protocol/message.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { RemoteError } from '../protocol/remote-error.js';
import { isThenable } from '../util/callback.js';
import { nextTick } from '../util/host.js';
import type { Connection } from './connection.js';
import { answerCall, type OutgoingCall } from './calls/outgoing-calls.js';
import { EMIT_LOCAL } from './remote-proxy.js';
import { LINE_PING } from './session-flow.js';

/**
 * What an open connection does with each kind of message.
 * @returns whether the message was expected; a rejected one is logged and ignored
 */
export function handleMessage(connection: Connection, message: Message): boolean {
  switch (message.kind) {
    case 'call':
      return handleCall(connection, message);
    case 'callback':
      return handleCallback(connection, message);
    case 'event':
      return handleEvent(connection, message);
    case 'inspect':
      return handleInspect(connection, message);
    case 'ping':
      return connection.answerPing(message.id);
    case 'pong':
      return handlePong(connection, message.id);
    case 'streamItem':
      return connection.extensions.stream && handleStreamItem(connection, message);
    case 'streamCredit':
      if (connection.extensions.stream) connection.receivedCalls.get(message.callId)?.grant(message.limit);
      return connection.extensions.stream;
    case 'cancel':
      if (connection.extensions.cancel) connection.receivedCalls.cancel(message.callId);
      return connection.extensions.cancel;
    case 'bye':
      if (connection.extensions.bye) handleBye(connection, message);
      return connection.extensions.bye;
    default:
      return false;
  }
}

function handleCall(connection: Connection, message: CallMessage): boolean {
  if (!connection.countReceived(message.id)) return false;
  if (message.args && connection.isLogged('call')) {
    connection.log('call', message.interfaceName, message.method, message.args);
  }
  connection.receivedCalls.receive(message);
  return true;
}

function handleCallback(connection: Connection, message: CallbackMessage): boolean {
  if (connection.isLogged('callback')) connection.log('callback', message.error, message.ok);
  const id = connection.outbox.ownId(message.id);
  connection.outbox.acknowledge(id);
  const call = connection.outbox.calls.take(id);
  if (!call) return false;
  if (message.ok) answerCall(call, null, resultsOf(call, message.ok));
  else answerCall(call, remoteErrorOf(message, connection.keepsAnswers));
  return true;
}

/** The last value of a stream is the result of a caller that takes one result only. */
function resultsOf(call: OutgoingCall, ok: unknown[]): unknown[] {
  return call.lastItem > 0 && !call.onItem && ok.length === 0 ? [call.lastValue] : ok;
}

function remoteErrorOf(message: CallbackMessage, isKept: boolean): unknown {
  const error = message.error ?? [];
  if (error[0] !== ERR_CALLBACK_LOST) return RemoteError.fromJstpArray(error);
  // Where answers are kept, this is how the peer says that it has lost one. From others the -1 is not ours:
  // users test for the bare number, and would call again.
  return isKept ? ERR_CALLBACK_LOST : new RemoteError(1, RemoteError.defaultMessages[ERR_CALLBACK_LOST]);
}

function handlePong(connection: Connection, wireId: number): boolean {
  if (wireId === LINE_PING) {
    connection.lineHeard();
    return connection.keepsAnswers;
  }
  const id = connection.outbox.ownId(wireId);
  connection.outbox.acknowledge(id);
  const call = connection.outbox.calls.take(id);
  if (call) answerCall(call, null);
  return call !== undefined;
}

function handleEvent(connection: Connection, message: EventMessage): boolean {
  const { interfaceName, event, args } = message;
  if (!connection.countReceived(message.id)) return false;
  if (connection.isLogged('event')) connection.log('event', interfaceName, event, args);
  if (args === undefined || interfaceName === undefined || event === undefined) return false;
  connection.whenStored(() => {
    connection.proxyOf(interfaceName)?.[EMIT_LOCAL](event, args);
    connection.guard(() => {
      const { application } = connection;
      const handled = application?.handleEvent?.(connection, interfaceName, event, args, message.metadata);
      if (isThenable(handled)) connection.receivedCalls.addEvent(handled);
    });
  }, message.id);
  return true;
}

function handleInspect(connection: Connection, message: InspectMessage): boolean {
  const { id, interfaceName } = message;
  if (!connection.countReceived(id)) return false;
  if (connection.isLogged('inspect')) connection.log('inspect', interfaceName);
  connection.outbox.sendAnswer(inspection(connection, id, interfaceName));
  return true;
}

function inspection(connection: Connection, id: number, interfaceName: string | undefined): string {
  try {
    const methods =
      interfaceName === undefined ? undefined : connection.application?.getMethods(interfaceName);
    return methods ? formatCallbackOk(id, methods) : formatCallbackError(id, [ERR_INTERFACE_NOT_FOUND]);
  } catch (error) {
    connection.reportError(error);
    return formatCallbackError(id, [ERR_INTERNAL_API_ERROR]);
  }
}

/** What came before it is acted on first, where that has to be stored. */
function handleBye(connection: Connection, { reason, info }: ByeMessage): void {
  connection.whenStored(() => {
    connection.peerSaidBye(reason, info);
  });
}

function handleStreamItem(connection: Connection, message: StreamItemMessage): boolean {
  const call = connection.outbox.calls.get(connection.outbox.ownId(message.callId));
  if (!call) return false;
  // A value that was seen before comes again after a resume.
  if (message.n <= call.lastItem) return true;
  if (message.n > call.knownLimit) {
    connection.failProtocol(new ProtocolError('stream: a value beyond the credit', { kind: 'stream' }));
    return true;
  }
  call.lastItem = message.n;
  const { onItem, context } = call;
  if (onItem && context) context.runInAsyncScope(onItem, undefined, message.value);
  else if (onItem) onItem(message.value);
  else call.lastValue = message.value;
  const { streamCredit } = connection.limits;
  if (call.creditLimit - call.lastItem <= streamCredit / 2) {
    call.creditLimit = call.lastItem + streamCredit;
    connection.outbox.sendCredit(call);
    // What has come in one piece with this value was sent before.
    nextTick(() => {
      call.knownLimit = Math.max(call.knownLimit, call.creditLimit);
    });
  }
  return true;
}
