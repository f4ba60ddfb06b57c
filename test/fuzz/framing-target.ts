import { LimitError } from '../../lib/protocol/limit-error.js';
import { ProtocolError } from '../../lib/protocol/protocol-error.js';
import { MessageSplitter } from '../../lib/protocol/splitter.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { attachedTo, cutStream } from './attached.js';
import { messageText } from './grammar.js';
import { mutatePieces } from './mutate.js';
import { bytesOf, Finding, pieceOf, type Input, type Target } from './target.js';

const SMALL_LIMITS = [8, 40, 200];
const LARGE_LIMIT = 1_000_000;
/** Around the sizes at which the splitter changes how it keeps the pieces of a message. */
const SIZES = [1, 2, 3, 511, 512, 513, 4095, 4096, 4097, 70_000];

/** What a splitter made of a stream: the messages, then the error that ended it. */
interface Result {
  readonly messages: readonly string[];
  readonly error: string | undefined;
}

/** Cutting of a stream into messages: however it is cut into chunks, the messages are the same. */
export class FramingTarget implements Target {
  readonly name = 'framing';

  generate(random: SeededRandom): Input {
    return Array.from({ length: random.between(1, 20) }, () => {
      if (random.happens(0.004)) return `${'x'.repeat(random.pick(SIZES) + random.between(-1, 1))}\0`;
      const text = messageText(random);
      return attachedTo(text, random) ?? pieceOf(text) + random.pick(['\0', '\0', '\0', '\0', '\0', '']);
    });
  }

  mutate(input: Input, random: SeededRandom, other: Input): Input {
    return mutatePieces(input, random, other);
  }

  count(input: Input): number {
    return Math.max(1, input.join('').split('\0').length - 1);
  }

  run(input: Input): string {
    const stream = bytesOf(input.join(''));
    // What is left to chance follows from the input.
    const random = new SeededRandom(stream.length * 31 + input.length);
    const limit = random.happens(0.3) ? random.pick(SMALL_LIMITS) : LARGE_LIMIT;
    const expected = cutStream(stream.toString('latin1'), limit);
    const ways: Record<string, Buffer[]> = {
      'as given': input.map(bytesOf),
      'in one chunk': [stream],
      'by random': chunksOf(stream, () => random.between(1, random.pick([3, 100, 5000]))),
    };
    if (stream.length < 2000) ways['byte by byte'] = chunksOf(stream, () => 1);
    for (const [way, chunks] of Object.entries(ways)) {
      for (const stops of way === 'byte by byte' ? [undefined] : [undefined, random]) {
        const result = split(chunks, limit, stops);
        if (!isSame(result, expected))
          throw new Finding(
            `cut ${way}${stops ? ', with stops' : ''}: ${JSON.stringify(result)}; not ${JSON.stringify(expected)}`,
          );
      }
    }
    return `${Math.min(expected.messages.length, 8)} messages, ${limit}, ${expected.error ?? 'no error'}`;
  }
}

function isSame(one: Result, other: Result): boolean {
  return (
    one.error === other.error &&
    one.messages.length === other.messages.length &&
    one.messages.every((message, index) => message === other.messages[index])
  );
}

/** @param stops decides after which messages the sink stops for a while; undefined: after none */
function split(chunks: readonly Buffer[], limit: number, stops: SeededRandom | undefined): Result {
  const messages: string[] = [];
  const splitter = new MessageSplitter({ maxMessageBytes: limit });
  let isStopped = false;
  const sink = (message: Uint8Array): boolean => {
    if (isStopped) throw new Finding('delivered a message though the sink had stopped');
    messages.push(Buffer.from(message).toString('latin1'));
    isStopped = stops?.happens(0.3) ?? false;
    return !isStopped;
  };
  const goOn = (): void => {
    while (isStopped) {
      isStopped = false;
      splitter.resume(sink);
    }
  };
  try {
    for (const chunk of chunks) {
      // The bytes belong to the splitter until their messages were delivered, and no longer.
      const own = Buffer.from(chunk);
      splitter.push(own, sink);
      if (stops?.happens(0.5) ?? false) goOn();
    }
    goOn();
    return { messages, error: undefined };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    if (!splitter.isIdle) throw new Finding('holds bytes behind an error');
    return { messages, error: error instanceof LimitError ? error.limit : error.message };
  }
}

function chunksOf(stream: Buffer, size: () => number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < stream.length;) {
    const end = at + size();
    chunks.push(stream.subarray(at, end));
    at = end;
  }
  return chunks;
}
