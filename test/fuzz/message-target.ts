import { isUtf8 } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import { parse } from '../../lib/mdsf/index.js';
import { openAttached, type ArrivedMessage } from '../../lib/protocol/attached-message.js';
import { DEFAULT_LIMITS, type Limits } from '../../lib/protocol/limits.js';
import { LimitError } from '../../lib/protocol/limit-error.js';
import type { Message } from '../../lib/protocol/message.js';
import { parseMessage } from '../../lib/protocol/parse-message.js';
import { ProtocolError } from '../../lib/protocol/protocol-error.js';
import type { SeededRandom } from '../../lib/testing/seeded-random.js';
import { nodeDecoder } from '../../lib/transport/node-decoder.js';
import { attachedTo, isAttached } from './attached.js';
import { answerText, messageText, requestText } from './grammar.js';
import { mutatePiece } from './mutate.js';
import { bytesOf, Finding, pieceOf, type Input, type Target } from './target.js';

const TAKES_BYTES = { bytes: true, attachments: true };
const SMALL: Limits = {
  ...DEFAULT_LIMITS,
  maxDepth: 5,
  maxMessageNodes: 12,
  maxNameLength: 6,
  maxMetadataBytes: 20,
};
const HANDSHAKE_DEPTH = 8;
/** So much, and beyond ASCII, that `JSON.parse` reads the last member, where that looks like JSON. */
const PADDING = `"${'é'.repeat(100)}"`;

/** Reading of single messages, before and after the handshake. */
export class MessageTarget implements Target {
  readonly name = 'message';

  generate(random: SeededRandom): Input {
    const make = random.pick([messageText, messageText, messageText, requestText, answerText]);
    const text = make(random);
    return [attachedTo(text, random) ?? pieceOf(text)];
  }

  mutate([piece = '']: Input, random: SeededRandom, [other = '']: Input): Input {
    return [mutatePiece(piece, random, other)];
  }

  count(): number {
    return 1;
  }

  run([piece = '']: Input): string {
    const bytes = bytesOf(piece);
    const all = read(bytes, DEFAULT_LIMITS);
    const small = read(bytes, SMALL);
    const early = read(bytes, DEFAULT_LIMITS, HANDSHAKE_DEPTH);
    if (isEarlyKind(early) && all.startsWith('{') && all !== early)
      throw new Finding(`read as ${early} before the handshake, as ${all} after it`);
    if (isUtf8(bytes)) checkLastMember(bytes.toString());
    return `${wordsOf(all)} ${all === small ? '' : wordsOf(small)}`;
  }
}

/** A message as a transport hands it over. */
function arrivedOf(bytes: Buffer): ArrivedMessage {
  return isAttached(bytes.toString('latin1')) ? openAttached(bytes) : bytes;
}

function isEarlyKind(outcome: string): boolean {
  return outcome.startsWith('{"kind":"handshake');
}

/** Reads a message from its bytes and from its text, which must agree. @returns the message, or the error */
function read(bytes: Buffer, limits: Limits, handshakeDepth?: number): string {
  const fromBytes = outcomeOf(() =>
    parseMessage(arrivedOf(bytes), nodeDecoder, limits, handshakeDepth, TAKES_BYTES),
  );
  if (isUtf8(bytes) && !isAttached(bytes.toString('latin1'))) {
    const fromText = outcomeOf(() =>
      parseMessage(bytes.toString(), null, limits, handshakeDepth, TAKES_BYTES),
    );
    // Metadata is measured in bytes or in units.
    const isMeasured = bytes.length === bytes.toString().length || limits.maxMetadataBytes > bytes.length;
    if (isMeasured && fromText.replace(POSITION, '') !== fromBytes.replace(POSITION, ''))
      throw new Finding(`read as ${fromBytes} from bytes, as ${fromText} from text`);
  }
  return fromBytes;
}

const POSITION = / at position \d+$/;

function outcomeOf(parse: () => Message): string {
  try {
    return JSON.stringify(parse(), (_key, value: unknown) => (value === undefined ? 'undefined' : value));
  } catch (error) {
    if (!(error instanceof ProtocolError))
      throw new Finding(`reading has thrown ${String(error)}`, { cause: error });
    return `${error.name} ${error instanceof LimitError ? error.limit : ''} ${error.message}`;
  }
}

/** The arguments of a call must not depend on whether `JSON.parse` reads them. */
function checkLastMember(text: string): void {
  const argsOf = (args: string): unknown => {
    try {
      const message = parseMessage(Buffer.from(`{call:[1,'a'],b:${args}}`), nodeDecoder, DEFAULT_LIMITS);
      return message.kind === 'call' ? message.args : message;
    } catch {
      return 'refused';
    }
  };
  if (!isValue(text)) return;
  // The message itself is used as an argument.
  const alone = argsOf(`[${text}\n]`);
  const padded = argsOf(`[${text}\n,${PADDING}]`);
  const expected =
    Array.isArray(alone) && alone.length === 1 ? [...(alone as unknown[]), JSON.parse(PADDING)] : undefined;
  if (expected && !isDeepStrictEqual(padded, expected))
    throw new Finding(
      `an argument is read as ${JSON.stringify(alone)}, with another one as ${JSON.stringify(padded)}`,
    );
}

function isValue(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

function wordsOf(outcome: string): string {
  const kind = /^\{"kind":"(\w+)"/.exec(outcome);
  const keys = outcome.match(/"\w{1,12}":(?:\{|\[|"undefined"|.)/g) ?? [];
  return kind
    ? `${kind[1]} ${[...new Set(keys)].slice(0, 8).join()}`
    : outcome.replace(POSITION, '').replaceAll(/\d+/g, '#');
}
