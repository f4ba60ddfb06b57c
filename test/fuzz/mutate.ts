import type { SeededRandom } from '../../lib/testing/seeded-random.js';
import { valueText } from './grammar.js';
import { pieceOf, type Input } from './target.js';
import { endOfValue, tokensOf } from './tokens.js';

/** The longest piece and the most pieces that a change makes. */
const MAX_PIECE = 4096;
const MAX_PIECES = 40;
const ODD_BYTES = [
  '\0',
  '\n',
  "'",
  '"',
  '\\',
  '/',
  ',',
  ':',
  '{',
  '}',
  '[',
  ']',
  '-',
  '.',
  '0',
  '\x7f',
  '\x80',
  '\xc3',
  '\xff',
];
const WORDS = [
  'handshake',
  'call',
  'callback',
  'ok',
  'error',
  'stream',
  'source',
  'data',
  'credit',
  'session',
  '__proto__',
  'undefined',
];

type Change = (text: string, random: SeededRandom, other: string) => string;

/** Changes the bytes of a piece, whatever they mean. */
const BYTE_CHANGES: readonly Change[] = [
  (text, random) => splice(text, at(text, random), 1, String.fromCharCode(random.between(0, 255))),
  (text, random) => splice(text, at(text, random), 0, random.pick(ODD_BYTES)),
  (text, random) => splice(text, at(text, random), random.between(1, 8), ''),
  (text, random) => text.slice(0, at(text, random)),
  (text, random) => {
    const from = at(text, random);
    const part = text.slice(from, from + random.between(1, 16));
    return splice(text, at(text, random), 0, part.repeat(random.happens(0.1) ? 40 : 1));
  },
  (text, random) => {
    const place = at(text, random);
    return splice(text, place, 1, String.fromCharCode(text.charCodeAt(place) ^ (1 << random.between(0, 7))));
  },
  (text, random, other) => text.slice(0, at(text, random)) + other.slice(at(other, random)),
];

/** Changes parts of MDSF: values, keys, brackets. */
const TOKEN_CHANGES: readonly Change[] = [
  onTokens((tokens, i, random) => [i, endOfValue(tokens, i), pieceOf(valueText(random, 2))]),
  onTokens((tokens, i) => [i, endOfValue(tokens, i), '']),
  onTokens((tokens, i) => {
    const value = tokens.slice(i, endOfValue(tokens, i)).join('');
    return [i, i, `${value},`];
  }),
  onTokens((tokens, i, random) => {
    const end = endOfValue(tokens, i);
    const [open, close] = random.pick([
      ['[', ']'],
      ['{a:', '}'],
    ]);
    const times = random.happens(0.05) ? random.between(2, 300) : 1;
    return [i, end, open.repeat(times) + tokens.slice(i, end).join('') + close.repeat(times)];
  }),
  onTokens((tokens, i, random) => [i, i + 1, random.pick(tokens)]),
  onTokens((_tokens, i, random) => [i, i + 1, random.pick(WORDS)]),
  onTokens((tokens, i, random) => {
    const number = Number(tokens[i]);
    if (Number.isNaN(number)) return [i, i, random.pick([' ', '/* */', '//\n', ','])];
    return [i, i + 1, String(random.pick([number + 1, number - 1, -number, number * 2 ** 32, number / 3]))];
  }),
  (text, random, other) => {
    const tokens = tokensOf(other);
    const from = random.between(0, Math.max(0, tokens.length - 1));
    const part = tokens.slice(from, endOfValue(tokens, from)).join('');
    return onTokens((own, i) => [i, endOfValue(own, i), part])(text, random, other);
  },
];

/** Changes a piece once or a few times. */
export function mutatePiece(piece: string, random: SeededRandom, other: string): string {
  let text = piece;
  do {
    const changes = random.happens(0.6) ? TOKEN_CHANGES : BYTE_CHANGES;
    text = random.pick(changes)(text, random, other).slice(0, MAX_PIECE);
  } while (random.happens(0.3));
  return text;
}

/** Changes a list of pieces: one of them, or their order and number. */
export function mutatePieces(
  input: Input,
  random: SeededRandom,
  other: Input,
  change: typeof mutatePiece = mutatePiece,
): Input {
  const pieces = [...input];
  const place = random.between(0, Math.max(0, pieces.length - 1));
  switch (random.between(0, 9)) {
    case 0:
      pieces.splice(place, 1);
      break;
    case 1:
      pieces.splice(place, 0, ...pieces.slice(place, place + random.between(1, 3)));
      break;
    case 2:
      pieces.splice(place, random.between(0, 2), ...other.slice(random.between(0, other.length)));
      break;
    case 3:
      pieces.splice(place, 2, pieces.slice(place, place + 2).join(''));
      break;
    default:
      pieces[place] = change(pieces[place] ?? '', random, other[random.between(0, other.length - 1)] ?? '');
  }
  return pieces.length === 0 ? [''] : pieces.slice(0, MAX_PIECES);
}

/** Changes the tokens of a text from one index to another. */
function onTokens(
  change: (
    tokens: readonly string[],
    index: number,
    random: SeededRandom,
  ) => [from: number, to: number, text: string],
): Change {
  return (text, random) => {
    const tokens = tokensOf(text);
    if (tokens.length === 0) return text;
    const [from, to, put] = change(tokens, random.between(0, tokens.length - 1), random);
    return tokens.slice(0, from).join('') + put + tokens.slice(to).join('');
  };
}

function at(text: string, random: SeededRandom): number {
  return random.between(0, Math.max(0, text.length - 1));
}

function splice(text: string, from: number, cut: number, put: string): string {
  return text.slice(0, from) + put + text.slice(from + cut);
}
