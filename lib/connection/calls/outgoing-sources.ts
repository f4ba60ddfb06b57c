import { ERR_SERVER_CLOSING } from '../../protocol/error-codes.js';
import type { Limits } from '../../protocol/limits.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { isStreamInput, type StreamInput } from '../../util/stream-input.js';
import type { CallSources, OutgoingCall, SourceChannel } from './outgoing-calls.js';
import { isUsed, SourceSender } from './source-sender.js';
import { streamArgumentError } from './stream-argument-error.js';

/** The places of the arguments that are streams, in order; undefined where none is. */
export function sourcePlaces(args: readonly unknown[]): readonly number[] | undefined {
  let places: number[] | undefined;
  for (let place = 0; place < args.length; place++) {
    if (typeof args[place] === 'object' && isStreamInput(args[place])) (places ??= []).push(place);
  }
  return places;
}

/** The arguments of a call that are streams, and are sent while it runs. */
export class OutgoingSources implements CallSources {
  private readonly senders = new Map<number, SourceSender>();

  /**
   * @param args the call's arguments
   * @param places which of them are streams
   * @throws JstpError ERR_JSTP_STREAM_ARGUMENT for one that was read before
   */
  constructor(
    call: OutgoingCall,
    name: string,
    args: readonly unknown[],
    readonly places: readonly number[],
    channel: SourceChannel,
    limits: Limits,
  ) {
    for (const place of places) {
      const input = args[place] as StreamInput;
      if (isUsed(input)) throw streamArgumentError(name, place, 'and was read before');
      if (args.indexOf(input) !== place)
        throw streamArgumentError(name, place, 'and so is another one: the same');
      this.senders.set(place, new SourceSender(call, place, input, channel, limits));
    }
  }

  /** The one at a place. */
  get(place: number): SourceSender | undefined {
    return this.senders.get(place);
  }

  /** The call has gone out. */
  watch(): void {
    for (const sender of this.senders.values()) sender.watch();
  }

  /** Another channel has the call by now. */
  moveTo(channel: SourceChannel): void {
    for (const sender of this.senders.values()) sender.moveTo(channel);
  }

  /**
   * Ends all: the call is over.
   * @param error its outcome. Of a server that is closing and has not run the call, another one may be called with the same
   * sources
   */
  end(error?: unknown): void {
    const isForNext = error instanceof RemoteError && error.code === ERR_SERVER_CLOSING;
    for (const sender of this.senders.values()) if (!isForNext || !sender.isUntouched) sender.end();
  }
}
