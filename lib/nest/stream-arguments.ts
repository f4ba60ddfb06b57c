import { sourcePlaces } from '../connection/calls/outgoing-sources.js';

/** Arguments without the streams among them. Why: serializers and deserializers take values, and would read a stream. */
export interface StreamlessArguments {
  /** The arguments, with null in the place of each stream. */
  readonly plain: unknown[];
  /** Puts the streams back into arguments, or into what a serializer has made of them. */
  putBack(args: unknown[]): unknown[];
}

/** Takes the streams out of arguments; undefined where there are none. */
export function withoutStreams(args: readonly unknown[]): StreamlessArguments | undefined {
  const places = sourcePlaces(args);
  return (
    places && {
      plain: args.map((argument, place) => (places.includes(place) ? null : argument)),
      putBack: (made) => made.map((argument, place) => (places.includes(place) ? args[place] : argument)),
    }
  );
}
