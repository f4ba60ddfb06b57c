import { isUsername } from '../protocol/name-rules.js';
import type { SessionClaim } from './session-claim.js';
import { SessionTextError } from './session-text-error.js';

/** The version of the format in which texts are written. */
export const SESSION_FORMAT = 1;

// A place is a number of the journal, or a number and a half: doubled, it is an integer. See JournalEntry.id.
const PLACES_PER_NUMBER = 2;

/** A session as it is stored, without its id. */
export interface StoredState {
  /** The version of the format; absent in texts of `@metarhia/jstp` 2.x, and of early versions of this package. */
  readonly format?: number;
  /** The user's name; absent or null for an anonymous client. */
  readonly username?: string | null;
  readonly receivedCount: number;
  readonly guaranteedDeliveredCount: number;
  /**
   * The number of the newest message that was sent. The reference implementation writes it with the sign of its side.
   */
  readonly latestBufferedMessageId: number;
  readonly buffer: readonly (readonly [place: number, text: string])[];
  readonly storage: readonly (readonly [key: unknown, value: unknown])[];
  readonly binding?: {
    readonly application: string;
    readonly version?: string;
    readonly extensions: readonly string[];
  };
  /** The numbers of the peer's calls that are being served, with the sign that they have on the wire. */
  readonly serving?: readonly number[];
  readonly claim?: SessionClaim;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the text of a session, and checks all of it. Why: others write to a store as well, among them other versions of
 * this package.
 * @throws SessionTextError naming the field that is wrong
 */
export function readSessionText(text: string): StoredState & { readonly id: unknown } {
  const fields = objectOf('the text', parseJson(text));
  checkFormat(fields['format']);
  checkCounts(fields);
  checkBuffer(fields);
  for (const entry of arrayOf('storage', fields['storage']))
    check(Array.isArray(entry) && entry.length === 2, 'storage has an entry that is no pair');
  const { username, binding, serving, claim } = fields;
  check(
    isAbsent(username) || (typeof username === 'string' && isUsername(username)),
    'username is no name of a user',
  );
  if (binding !== undefined) checkBinding(objectOf('binding', binding));
  if (serving !== undefined)
    check(arrayOf('serving', serving).every(Number.isSafeInteger), 'serving has what is no integer');
  if (claim !== undefined) checkClaim(objectOf('claim', claim));
  return fields as unknown as StoredState & { readonly id: unknown };
}

/**
 * Checks the id of a text that has one.
 * @throws SessionTextError for anything but a string
 */
export function checkedId(id: unknown): string {
  check(typeof id === 'string', 'id is no string');
  return id;
}

function parseJson(text: unknown): unknown {
  check(typeof text === 'string', `a value of type ${typeof text} is no text`);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Why not the error of JSON.parse: it quotes the text.
    throw new SessionTextError(`it is no JSON (${text.length} characters)`);
  }
}

function checkFormat(format: unknown): void {
  if (format === undefined || format === SESSION_FORMAT) return;
  check(Number.isSafeInteger(format), 'format is no integer');
  const known = `this version of nestjs-jstp reads ${SESSION_FORMAT} and texts without one`;
  throw new SessionTextError(`its format is ${format as number}, and ${known}`);
}

function checkCounts(fields: Fields): void {
  const { receivedCount, guaranteedDeliveredCount: acknowledged, latestBufferedMessageId: latest } = fields;
  check(isCount(receivedCount), 'receivedCount is no count');
  check(isCount(acknowledged), 'guaranteedDeliveredCount is no count');
  check(Number.isSafeInteger(latest), 'latestBufferedMessageId is no integer');
  check(
    acknowledged <= Math.abs(latest as number),
    'guaranteedDeliveredCount is above latestBufferedMessageId',
  );
}

function checkBuffer(fields: Fields): void {
  const last = Math.abs(fields['latestBufferedMessageId'] as number);
  let previous = fields['guaranteedDeliveredCount'] as number;
  let isFirst = true;
  for (const entry of arrayOf('buffer', fields['buffer'])) {
    check(Array.isArray(entry) && entry.length === 2, 'buffer has an entry that is no pair');
    const [place, text] = entry as unknown[];
    check(
      typeof place === 'number' && Number.isSafeInteger(place * PLACES_PER_NUMBER),
      'buffer has a place that is no number',
    );
    const isInOrder = isFirst ? place > previous : place >= previous;
    check(isInOrder && place < last + 1, `buffer has a message out of its place (${place})`);
    // Why no NUL: it would end the message on the wire, so that its rest were a message of its own.
    check(typeof text === 'string' && !text.includes('\0'), 'buffer has a message that is no text');
    previous = place;
    isFirst = false;
  }
}

function checkBinding({ application, version, extensions }: Fields): void {
  check(typeof application === 'string', 'binding.application is no string');
  check(version === undefined || typeof version === 'string', 'binding.version is no string');
  const names = arrayOf('binding.extensions', extensions);
  check(
    names.every((name) => typeof name === 'string'),
    'binding.extensions has what is no string',
  );
}

function checkClaim({ by, count }: Fields): void {
  check(isCount(by), 'claim.by is no count');
  check(isCount(count), 'claim.count is no count');
}

function objectOf(name: string, value: unknown): Fields {
  check(typeof value === 'object' && value !== null && !Array.isArray(value), `${name} is no object`);
  return value as Fields;
}

function arrayOf(name: string, value: unknown): readonly unknown[] {
  check(Array.isArray(value), `${name} is no array`);
  return value as unknown[];
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function check(holds: boolean, fault: string): asserts holds {
  if (!holds) throw new SessionTextError(fault);
}
