import { DEFAULT_LIMITS, type Limits } from '../protocol/limits.js';
import { isUsername } from '../protocol/name-rules.js';
import { SessionTextError } from './session-text-error.js';
import { SESSION_FORMAT, type StoredState } from './stored-state.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;

// A place is a number of the journal, or a number and a half: doubled, it is an integer. See JournalEntry.id.
const PLACES_PER_NUMBER = 2;

type Fields = Readonly<Record<string, unknown>>;

/** The limits of a session's text. */
export type SessionTextLimits = Pick<Limits, 'maxSessionTextLength' | 'maxMessageNodes'>;

/**
 * Reads the text of a session, and checks all of it. Why: others write to a store as well, among them other versions of
 * this package.
 * @throws SessionTextError naming the field or the limit that is wrong
 */
export function readSessionText(
  text: string,
  limits: SessionTextLimits = DEFAULT_LIMITS,
): StoredState & { readonly id: unknown } {
  check(typeof text === 'string', `a value of type ${typeof text}`, 'text');
  checkSize(text, limits);
  const fields = objectOf('the text', parseJson(text));
  checkFormat(fields['format']);
  checkCounts(fields);
  checkBuffer(fields);
  for (const entry of arrayOf('storage', fields['storage'])) pairOf('storage', entry);
  const { username, binding, serving, claim, rooms, publicId, eventPosition } = fields;
  check(
    isAbsent(username) || (typeof username === 'string' && isUsername(username)),
    'username',
    'name of a user',
  );
  if (binding !== undefined) checkBinding(objectOf('binding', binding));
  if (serving !== undefined)
    for (const number of arrayOf('serving', serving)) checkInteger('serving has what', number);
  if (claim !== undefined) checkClaim(objectOf('claim', claim));
  if (rooms !== undefined) for (const name of arrayOf('rooms', rooms)) checkString('rooms has what', name);
  if (publicId !== undefined) checkString('publicId', publicId);
  if (eventPosition !== undefined) checkCount('eventPosition', eventPosition);
  return fields as unknown as StoredState & { readonly id: unknown };
}

/**
 * Checks the id of a text that has one.
 * @throws SessionTextError for anything but a string
 */
export function checkedId(id: unknown): string {
  checkString('id', id);
  return id;
}

/**
 * Checks a text before it is parsed. Why: that takes seconds for a large one with many values.
 * @throws SessionTextError naming the limit that is exceeded
 */
export function checkSize(text: string, { maxSessionTextLength, maxMessageNodes }: SessionTextLimits): void {
  const { length } = text;
  if (length > maxSessionTextLength)
    throw new SessionTextError(`it has ${length} characters, more than limits.maxSessionTextLength`);
  let nodes = 1;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit === QUOTE) index = endOfString(text, index);
    else if (unit === COMMA || unit === BRACKET || unit === BRACE) nodes += 1;
    if (nodes > maxMessageNodes) throw new SessionTextError('it has more values than limits.maxMessageNodes');
  }
}

/** Where a string of JSON that begins at an index ends. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Why not the error of JSON.parse: it quotes the text.
    throw new SessionTextError(`it is no JSON (${text.length} characters)`);
  }
}

function checkFormat(format: unknown): void {
  if (format === undefined || format === SESSION_FORMAT) return;
  checkInteger('format', format);
  const known = `this version of nestjs-jstp reads ${SESSION_FORMAT} and texts without one`;
  throw new SessionTextError(`its format is ${format}, and ${known}`);
}

function checkCounts(fields: Fields): void {
  const { receivedCount, guaranteedDeliveredCount: acknowledged, latestBufferedMessageId: latest } = fields;
  checkCount('receivedCount', receivedCount);
  checkCount('guaranteedDeliveredCount', acknowledged);
  checkInteger('latestBufferedMessageId', latest);
  check(Number.isSafeInteger(latest * PLACES_PER_NUMBER), 'latestBufferedMessageId', 'number of a message');
  if (acknowledged > Math.abs(latest))
    throw new SessionTextError('guaranteedDeliveredCount is above latestBufferedMessageId');
}

function checkBuffer(fields: Fields): void {
  const last = Math.abs(fields['latestBufferedMessageId'] as number);
  let previous = fields['guaranteedDeliveredCount'] as number;
  let isFirst = true;
  for (const entry of arrayOf('buffer', fields['buffer'])) {
    const [place, text] = pairOf('buffer', entry);
    check(
      typeof place === 'number' && Number.isSafeInteger(place * PLACES_PER_NUMBER),
      'buffer has a place that',
      'number',
    );
    const isInOrder = isFirst ? place > previous : place >= previous;
    if (!isInOrder || place >= last + 1)
      throw new SessionTextError(`buffer has a message out of its place (${place})`);
    // Why no NUL: it would end the message on the wire, so that its rest were a message of its own.
    check(typeof text === 'string' && !text.includes('\0'), 'buffer has a message that', 'text');
    previous = place;
    isFirst = false;
  }
}

function checkBinding({ application, version, extensions }: Fields): void {
  checkString('binding.application', application);
  if (version !== undefined) checkString('binding.version', version);
  for (const name of arrayOf('binding.extensions', extensions))
    checkString('binding.extensions has what', name);
}

function checkClaim({ by, count }: Fields): void {
  checkCount('claim.by', by);
  checkCount('claim.count', count);
}

function objectOf(name: string, value: unknown): Fields {
  check(typeof value === 'object' && value !== null && !Array.isArray(value), name, 'object');
  return value as Fields;
}

function arrayOf(name: string, value: unknown): readonly unknown[] {
  check(Array.isArray(value), name, 'array');
  return value as unknown[];
}

function pairOf(name: string, value: unknown): readonly unknown[] {
  check(Array.isArray(value) && value.length === 2, `${name} has an entry that`, 'pair');
  return value as unknown[];
}

function checkString(name: string, value: unknown): asserts value is string {
  check(typeof value === 'string', name, 'string');
}

function checkInteger(name: string, value: unknown): asserts value is number {
  check(Number.isSafeInteger(value), name, 'integer');
}

function checkCount(name: string, value: unknown): asserts value is number {
  check(Number.isSafeInteger(value) && (value as number) >= 0, name, 'count');
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function check(holds: boolean, name: string, kind: string): asserts holds {
  if (!holds) throw new SessionTextError(`${name} is no ${kind}`);
}
