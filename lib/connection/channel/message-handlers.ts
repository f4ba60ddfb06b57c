import type { WrittenMessage } from '../../protocol/attached-message.js';
import type { ApplicationLike } from '../../application/application.js';
import {
  ERR_CALLBACK_LOST,
  ERR_INTERFACE_NOT_FOUND,
  ERR_INTERNAL_API_ERROR,
} from '../../protocol/error-codes.js';
import { formatCallbackError, formatCallbackOk, formatPong } from '../../protocol/format-message.js';
import { LimitError } from '../../protocol/limit-error.js';
import type { Limits } from '../../protocol/limits.js';
import type {
  ByeMessage,
  ByeReason,
  CallbackMessage,
  CallMessage,
  EventMessage,
  InspectMessage,
  Message,
  SourceCancelMessage,
  SourceCreditMessage,
  SourceEndMessage,
  SourceItemMessage,
  StreamItemMessage,
} from '../../protocol/message.js';
import { ProtocolError } from '../../protocol/protocol-error.js';
import { outcomeCodeOf } from '../../protocol/outcome-code.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { isThenable } from '../../util/callback.js';
import { isError } from '../../util/errors.js';
import { endObservation, type Observed } from '../../util/observation.js';
import {
  answerCall,
  tellReplyMetadata,
  type CallSources,
  type OutgoingCall,
} from '../calls/outgoing-calls.js';
import { EMIT_LOCAL } from '../calls/remote-proxy.js';
import { weightOf, weightOfItem } from '../calls/weight.js';
import type { Connection } from '../connection.js';
import type { Extensions } from '../extensions.js';
import { observeReceiving } from '../observing/observe-receiving.js';
import { watches } from '../observing/observers.js';
import type { Reporter } from '../reporter.js';
import type { Wire } from '../wire.js';
import { TRANSPORT_PING } from './overtaking.js';
import type { SessionChannel } from './session-channel.js';

/** What the messages of an open session ask of their connection. */
export interface MessageOwner extends Pick<Reporter, 'isLogged' | 'log' | 'guard' | 'reportError'> {
  readonly connection: Connection;
  readonly channel: SessionChannel;
  readonly wire: Wire;
  readonly limits: Limits;
  readonly extensions: Extensions;
  readonly application: ApplicationLike<Connection> | null;
  /** Whether the peer may ask for the names of methods. */
  readonly mayBeInspected: boolean;
  /** Counts a ping. @returns false: there were too many, and the transport is destroyed */
  admitsPing(): boolean;
  /** The peer has answered the heartbeat, or shown otherwise that it is there. */
  peerHeard(): void;
  /** The server takes no new calls. @returns false: this side is one */
  peerDrains(): boolean;
  /** The peer ends the connection on purpose. */
  peerSaidBye(reason: ByeReason, info: string | undefined): void;
}

/**
 * What an open connection does with each kind of message.
 * @param bytes its size on the wire
 * @returns whether the message was expected; a rejected one is logged and ignored
 */
export function handleMessage(owner: MessageOwner, message: Message, bytes: number): boolean {
  switch (message.kind) {
    case 'ping':
      return handlePing(owner, message.id);
    case 'pong':
      return handlePong(owner, message.id);
    default: {
      const isExpected = handleOther(owner, message, bytes);
      if (isExpected) owner.channel.activity.noteMessage();
      return isExpected;
    }
  }
}

/** Acts on what is more than a sign of life. */
function handleOther(owner: MessageOwner, message: Message, bytes: number): boolean {
  switch (message.kind) {
    case 'call':
      return handleCall(owner, message, bytes);
    case 'callback':
      return handleCallback(owner, message);
    case 'event':
      return handleEvent(owner, message, bytes);
    case 'inspect':
      return handleInspect(owner, message);
    case 'streamItem':
      return owner.extensions.stream && handleStreamItem(owner, message);
    case 'streamCredit':
      if (owner.extensions.stream) owner.channel.receivedCalls.get(message.callId)?.grant(message.limit);
      return owner.extensions.stream;
    case 'sourceItem':
    case 'sourceEnd':
      return owner.extensions.source && handleSource(owner, message, bytes);
    case 'sourceCredit':
      if (owner.extensions.source) sourceSenderOf(owner, message)?.grant(message.limit);
      return owner.extensions.source;
    case 'sourceCancel':
      if (owner.extensions.source) sourceSenderOf(owner, message)?.end();
      return owner.extensions.source;
    case 'cancel':
      return owner.extensions.cancel && handleCancel(owner, message.callId);
    case 'bye':
      if (owner.extensions.bye) handleBye(owner, message);
      return owner.extensions.bye;
    case 'drain':
      return owner.extensions.bye && owner.peerDrains();
    default:
      return false;
  }
}

function handleCall(owner: MessageOwner, message: CallMessage, bytes: number): boolean {
  if (owner.channel.isTooMuch('call', bytes)) return true;
  if (!owner.channel.countReceived(message.id)) return false;
  if (message.args && owner.isLogged('call')) {
    owner.log('call', message.interfaceName, message.method, message.args);
  }
  owner.channel.receivedCalls.receive(message, weightOf(bytes, message.values), bytes);
  return true;
}

function handleCallback(owner: MessageOwner, message: CallbackMessage): boolean {
  if (owner.isLogged('callback')) owner.log('callback', message.error, message.ok);
  const id = owner.channel.outbox.ownId(message.id);
  owner.channel.outbox.acknowledge(id);
  const call = owner.channel.outgoingCalls.remove(id);
  if (!call) return false;
  const { metadata } = message;
  if (metadata) owner.guard(() => tellReplyMetadata(call, metadata));
  if (message.ok) answerCall(call, null, resultsOf(call, message.ok));
  else answerCall(call, remoteErrorOf(message, owner.channel.keepsAnswers));
  return true;
}

/** The last value of a stream is the result of a caller that takes one result only. */
function resultsOf(call: OutgoingCall, ok: unknown[]): unknown[] {
  return call.lastItem > 0 && !call.onItem && ok.length === 0 ? [call.lastValue] : ok;
}

function remoteErrorOf(message: CallbackMessage, isKept: boolean): unknown {
  const error = message.error ?? [];
  if (error[0] !== ERR_CALLBACK_LOST) return RemoteError.fromJstpArray(error);
  // Where answers are kept, -1 says that the peer has lost one. From other peers it gets another code. Why: users test for
  // the bare number, and would call again.
  return isKept ? ERR_CALLBACK_LOST : new RemoteError(1, RemoteError.defaultMessages[ERR_CALLBACK_LOST]);
}

function handlePing(owner: MessageOwner, id: number): boolean {
  const { channel } = owner;
  if (!owner.admitsPing()) return true;
  if (id === TRANSPORT_PING && channel.keepsAnswers) {
    // A peer that pings is there, even if its pong waits behind megabytes in a proxy.
    owner.peerHeard();
    owner.wire.write(formatPong(TRANSPORT_PING));
    return true;
  }
  if (!channel.countReceived(id)) return false;
  if (channel.isOpen) channel.write(formatPong(id));
  return true;
}

function handlePong(owner: MessageOwner, wireId: number): boolean {
  if (wireId === TRANSPORT_PING) {
    owner.peerHeard();
    return owner.channel.keepsAnswers;
  }
  const id = owner.channel.outbox.ownId(wireId);
  owner.channel.outbox.acknowledge(id);
  const call = owner.channel.outgoingCalls.remove(id);
  if (call) answerCall(call, null);
  return call !== undefined;
}

function handleEvent(owner: MessageOwner, message: EventMessage, bytes: number): boolean {
  const { interfaceName, event, args } = message;
  if (owner.channel.isTooMuch('event', bytes)) return true;
  if (!owner.channel.countReceived(message.id)) return false;
  if (owner.isLogged('event')) owner.log('event', interfaceName, event, args);
  if (args === undefined || interfaceName === undefined || event === undefined) return false;
  if (owner.channel.storesFirst) runStoredEvent(owner, message, bytes);
  else runEvent(owner, message, bytes);
  return true;
}

/** Runs the handlers of an event when the session is stored as it is now. Why apart: a closure would cost each event. */
function runStoredEvent(owner: MessageOwner, message: EventMessage, bytes: number): void {
  const weight = weightOf(bytes, message.values);
  owner.channel.whenStored(() => {
    runEvent(owner, message, bytes);
    owner.channel.receivedCalls.removeStoredFirst(weight);
  }, message.id);
  // Behind the message is in the gate: what is served on then comes after it.
  owner.channel.receivedCalls.addStoredFirst(weight);
}

function runEvent(owner: MessageOwner, message: EventMessage, bytes: number): void {
  if (watches.handle.isOn || owner.channel.callMeter) runObservedEvent(owner, message, bytes);
  else handOver(owner, message, bytes);
}

/** Hands an event to all who handle it. @param failed told of what fails, if it is observed */
function handOver(
  owner: MessageOwner,
  { interfaceName = '', event = '', args = [], metadata, values }: EventMessage,
  bytes: number,
  failed?: (error: unknown) => void,
): unknown {
  const { channel, connection } = owner;
  channel.proxyOf(interfaceName)?.[EMIT_LOCAL](event, args);
  try {
    const { application } = owner;
    const handled = application?.handleEvent?.(connection, interfaceName, event, args, metadata, failed);
    if (isThenable(handled)) {
      channel.receivedCalls.addEvent(handled, weightOf(bytes, values));
      owner.wire.handlerGoesOn();
    }
    return handled;
  } catch (error) {
    failed?.(error);
    owner.reportError(error);
    return undefined;
  }
}

function runObservedEvent(owner: MessageOwner, message: EventMessage, bytes: number): void {
  const observation = observeReceiving('handle', owner.channel, message, bytes, message.event);
  const observed: Observed = { observation };
  const failed = (error: unknown): void => {
    const code = outcomeCodeOf(error);
    // As a call's caller would be told it.
    const isInternal = isError(error) && !(error instanceof RemoteError);
    endObservation(observed, isInternal ? ERR_INTERNAL_API_ERROR : code, error);
  };
  const run = (): unknown => handOver(owner, message, bytes, failed);
  const handled = observation.run ? observation.run(run) : run();
  const end = (): void => {
    endObservation(observed, 0, undefined);
  };
  if (isThenable(handled)) handled.then(end, failed);
  else end();
}

function handleInspect(owner: MessageOwner, message: InspectMessage): boolean {
  const { id, interfaceName } = message;
  if (!owner.channel.countReceived(id)) return false;
  if (owner.isLogged('inspect')) owner.log('inspect', interfaceName);
  owner.channel.outbox.sendAnswer(inspection(owner, id, interfaceName));
  return true;
}

function inspection(owner: MessageOwner, id: number, interfaceName: string | undefined): WrittenMessage {
  try {
    const isTold = interfaceName !== undefined && owner.mayBeInspected;
    const methods = isTold ? owner.application?.getMethods(interfaceName) : undefined;
    return methods ? formatCallbackOk(id, methods) : formatCallbackError(id, [ERR_INTERFACE_NOT_FOUND]);
  } catch (error) {
    owner.reportError(error);
    return formatCallbackError(id, [ERR_INTERNAL_API_ERROR]);
  }
}

function handleCancel(owner: MessageOwner, callId: number): boolean {
  if (!owner.channel.receivedCalls.cancelledByPeer(callId)) {
    const most = `limits.maxCancelBurst, ${owner.limits.maxCancelBurst}`;
    owner.wire.fail(new LimitError('maxCancelBurst', `More calls cancelled in a short time than ${most}`));
  }
  return true;
}

/** Acts on a bye after all that came before it, which may have to be stored first. */
function handleBye(owner: MessageOwner, { reason, info }: ByeMessage): void {
  owner.channel.whenStored(() => {
    owner.peerSaidBye(reason, info);
  });
}

function handleSource(
  owner: MessageOwner,
  message: SourceItemMessage | SourceEndMessage,
  bytes: number,
): boolean {
  const source = owner.channel.receivedCalls.sourceOf(message.callId, message.place);
  if (!source) return false;
  try {
    if (message.kind === 'sourceEnd') source.finish(message.n, message.error);
    else source.push(message.n, message.value, weightOfItem(bytes, message.values));
  } catch (error) {
    owner.wire.fail(error);
  }
  return true;
}

/** What sends the argument of a call of this side that the peer's message is about. */
function sourceSenderOf(
  { channel }: MessageOwner,
  { callId, place }: SourceCreditMessage | SourceCancelMessage,
): ReturnType<CallSources['get']> {
  return channel.outgoingCalls.get(channel.outbox.ownId(callId))?.sources?.get(place);
}

function handleStreamItem(owner: MessageOwner, message: StreamItemMessage): boolean {
  const call = owner.channel.outgoingCalls.get(owner.channel.outbox.ownId(message.callId));
  if (!call) return false;
  // A value that was seen before comes again after a resume.
  if (message.n <= call.lastItem) return true;
  if (message.n > call.knownLimit) {
    owner.wire.fail(new ProtocolError('stream: a value beyond the credit', { kind: 'stream' }));
    return true;
  }
  call.lastItem = message.n;
  const { onItem, context } = call;
  if (onItem && context) context.runInAsyncScope(onItem, undefined, message.value);
  else if (onItem) onItem(message.value);
  else call.lastValue = message.value;
  owner.channel.outbox.allowMore(call);
  return true;
}
