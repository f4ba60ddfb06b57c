import { parse, stringify } from '../mdsf/index.js';
import type { Metadata } from '../protocol/message.js';
import type { CountedEvent } from '../server/rooms/counted-event.js';
import type { Selection } from '../server/rooms/selection.js';

/** What all servers get on the channel: an event, or a question of one of them. */
export type BroadcastMessage = EventMessage | WhoQuestion | CallQuestion | Withdrawal;

/** An event, which has a number when it comes. */
export interface EventMessage extends CountedEvent {
  readonly kind: 'event';
}

interface Question {
  /** The question's id. */
  readonly id: string;
  /** The id of the server that asks. */
  readonly from: string;
}

/** Asks who is in a room. */
export interface WhoQuestion extends Question {
  readonly kind: 'who';
  readonly room: string;
  readonly maxListed: number;
}

/** Asks for the result of a call to clients. */
export interface CallQuestion extends Question {
  readonly kind: 'call';
  readonly selection: Selection;
  readonly interfaceName: string;
  readonly method: string;
  readonly args: unknown[];
  readonly metadata?: Metadata | undefined;
  readonly timeoutMs: number;
}

/** Nobody waits for the answer to a call any more. */
export interface Withdrawal {
  readonly kind: 'drop';
  readonly id: string;
}

/** How servers write and read what they tell each other: every client gets bytes in its own form. */
export const WITH_BYTES = { bytes: true };

const NUMBERED = /^(\d{1,16}) /;

/** Writes a message for the channel. That of an event is without its number, which Redis gives it. */
export function writeMessage(
  message: Omit<EventMessage, 'number'> | WhoQuestion | CallQuestion | Withdrawal,
): string {
  return stringify(message, WITH_BYTES);
}

/**
 * Reads a message of the channel.
 * @throws TypeError or MdsfSyntaxError for what is none
 */
export function readMessage(text: string): BroadcastMessage {
  const number = NUMBERED.exec(text);
  const fields = objectOf(parse(number ? text.slice(number[0].length) : text, WITH_BYTES));
  switch (fields['kind']) {
    case 'event':
      if (!number) break;
      checkStrings(fields, 'interfaceName', 'event');
      checkMessage(fields);
      return { ...fields, number: Number(number[1]) } as unknown as EventMessage;
    case 'who':
      checkStrings(fields, 'id', 'from', 'room');
      checkCount(fields['maxListed']);
      return fields as unknown as WhoQuestion;
    case 'call':
      checkStrings(fields, 'id', 'from', 'interfaceName', 'method');
      checkCount(fields['timeoutMs']);
      checkMessage(fields);
      return fields as unknown as CallQuestion;
    case 'drop':
      checkStrings(fields, 'id');
      return fields as unknown as Withdrawal;
  }
  throw new TypeError('It is no event and no question');
}

function checkMessage({ args, selection, metadata }: Readonly<Record<string, unknown>>): void {
  if (!Array.isArray(args)) throw new TypeError('It has no arguments');
  if (metadata !== undefined) objectOf(metadata);
  // Why checked: what selects nobody in particular would select everybody.
  const lists = Object.entries(objectOf(selection));
  for (const [name, list] of lists) {
    const isKnown = name in NO_SELECTION;
    const isList = Array.isArray(list) && list.every((one) => typeof one === 'string');
    if (!isKnown || (list !== undefined && !isList))
      throw new TypeError(`It selects by ${name} in an unknown way`);
  }
}

const NO_SELECTION: Readonly<Record<keyof Selection, undefined>> = {
  rooms: undefined,
  users: undefined,
  exceptRooms: undefined,
  exceptSessions: undefined,
};

function checkStrings(fields: Readonly<Record<string, unknown>>, ...names: readonly string[]): void {
  for (const name of names) if (typeof fields[name] !== 'string') throw new TypeError(`It has no ${name}`);
}

function checkCount(value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new TypeError('It has no limit');
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError('It is no object');
  return value as Record<string, unknown>;
}
