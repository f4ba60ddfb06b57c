import type { WrittenMessage } from '../../protocol/attached-message.js';
import { formatStreamingCall } from '../../protocol/format-message.js';
import type { Limits } from '../../protocol/limits.js';
import type { Metadata } from '../../protocol/message.js';
import type { OutgoingCall, SourceChannel } from '../calls/outgoing-calls.js';
import { OutgoingSources } from '../calls/outgoing-sources.js';
import { streamArgumentError } from '../calls/stream-argument-error.js';

const NOT_AGREED =
  'and the peer takes none: the extension source is not agreed (a peer of another version, or without resume)';

/** What the call asks of its channel. */
interface StreamingChannel extends SourceChannel {
  readonly outbox: SourceChannel['outbox'] & {
    readonly nextId: number;
    commit(id: number, message: WrittenMessage, call: OutgoingCall): void;
  };
  readonly extensions: SourceChannel['extensions'] & { readonly source: boolean };
  /** Tells the callee how much of its own values it may send. */
  limitStream(call: OutgoingCall): void;
}

/** A call of which some arguments are streams. */
interface StreamingCall {
  readonly interfaceName: string;
  readonly methodName: string;
  readonly args: readonly unknown[];
  readonly places: readonly number[];
  readonly metadata: Metadata | undefined;
}

/**
 * Sends a call of which some arguments are streams.
 * @throws JstpError ERR_JSTP_STREAM_ARGUMENT where the peer takes none, or where one was read before
 */
export function sendStreamingCall(
  channel: StreamingChannel,
  call: OutgoingCall,
  { interfaceName, methodName, args, places, metadata }: StreamingCall,
  limits: Limits,
): void {
  const { outbox } = channel;
  const name = `${interfaceName}.${methodName}`;
  if (!channel.extensions.source) throw streamArgumentError(name, places[0], NOT_AGREED);
  const sources = new OutgoingSources(call, name, args, places, channel, limits);
  const plain = args.map((argument, place) => (sources.get(place) ? null : argument));
  const id = outbox.nextId;
  outbox.commit(
    id,
    formatStreamingCall(id, interfaceName, methodName, plain, places, metadata, {
      limits,
      extensions: channel.extensions,
    }),
    call,
  );
  call.sources = sources;
  sources.watch();
  channel.limitStream(call);
}

/**
 * The call goes out in another session.
 * @throws JstpError ERR_JSTP_STREAM_ARGUMENT where the peer takes no streams
 */
export function moveSources(channel: StreamingChannel, call: OutgoingCall): void {
  const { sources } = call;
  if (!sources) return;
  if (!channel.extensions.source) throw streamArgumentError('The call', sources.places[0], NOT_AGREED);
  sources.moveTo(channel);
}
