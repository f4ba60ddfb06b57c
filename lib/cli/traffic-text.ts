import { keyText, shortText } from './format-value.js';
import { maskMessage } from './mask.js';
import type { Style } from './style.js';

/** Who has sent a message. */
export type Sender = 'client' | 'server';

const KINDS = [
  'handshake',
  'call',
  'callback',
  'event',
  'inspect',
  'ping',
  'pong',
  'stream',
  'source',
  'cancel',
  'bye',
  'drain',
];
const MAX_VALUES_LENGTH = 300;

/** A message of the wire, as it was read. */
type WireMessage = Readonly<Record<string, unknown>>;

/**
 * A message of the wire in a line for people, without secrets and control characters:
 * `1 call rooms.join('lobby')`.
 */
export function trafficText(message: unknown, style: Style): string {
  const masked = maskMessage(message);
  if (typeof masked !== 'object' || masked === null) return style.bad('no message');
  const wire = masked as WireMessage;
  const kind = Object.keys(wire)[0] as string | undefined;
  if (kind === undefined) return style.faint('heartbeat {}');
  const header = wire[kind];
  if (!KINDS.includes(kind) || !Array.isArray(header)) return style.bad(shortText(wire, MAX_VALUES_LENGTH));
  const verb = Object.keys(wire)[1] as string | undefined;
  const value = verb === undefined ? undefined : wire[verb];
  return partsOf(kind, header as unknown[], verb, value, style)
    .filter((part) => part !== '')
    .join(' ');
}

function partsOf(
  kind: string,
  header: readonly unknown[],
  verb: string | undefined,
  value: unknown,
  style: Style,
): string[] {
  const [id, second, third, fourth] = header;
  const number = style.faint(shortText(id, 20));
  const name = keyText(verb ?? '');
  switch (kind) {
    case 'handshake':
      return handshakeParts(header, verb, value, style);
    case 'call':
    case 'event':
      return [
        number,
        style.strong(kind),
        `${nameText(second)}.${name}(${valuesText(value)})`,
        restText(third, style),
        streamsText(fourth),
      ];
    case 'callback': {
      const outcome = verb === 'error' ? style.bad('error') : style.good(name);
      return [number, style.strong(kind), outcome, valuesText(value), restText(second, style)];
    }
    case 'inspect':
      return [number, style.strong(kind), nameText(second)];
    case 'stream':
      return [
        number,
        style.strong(kind),
        second === undefined ? '' : `#${shortText(second, 20)}`,
        name,
        valuesText(value),
      ];
    case 'source': {
      const place = `argument ${shortText(second, 20)}`;
      return [
        number,
        style.strong(kind),
        place,
        third === undefined ? '' : `#${shortText(third, 20)}`,
        name,
        valuesText(value),
      ];
    }
    case 'bye':
      return [style.strong(kind), ...header.map((part) => shortText(part, 100))];
    case 'drain':
      return [style.strong(kind)];
    default:
      return [number, style.strong(kind)];
  }
}

function handshakeParts(
  header: readonly unknown[],
  verb: string | undefined,
  value: unknown,
  style: Style,
): string[] {
  const [, application, version, offer] = header;
  const strong = style.strong('handshake');
  if (!application) {
    const outcome = verb === 'error' ? style.bad('error') : style.good(keyText(verb ?? ''));
    return [strong, outcome, shortText(value, MAX_VALUES_LENGTH), extensionsText(version, style)];
  }
  const named = version ? `${nameText(application)}@${nameText(version)}` : nameText(application);
  const login = verb === undefined ? 'anonymous' : `${keyText(verb)} ${shortText(value, 100)}`;
  return [strong, named, login, extensionsText(offer, style)];
}

/** Interfaces, applications and versions are seldom no identifiers: quotes would only disturb. */
function nameText(name: unknown): string {
  if (typeof name !== 'string') return shortText(name, 100);
  return /^[\w$.^~<>=*@ -]+$/.test(name) ? name.slice(0, 256) : shortText(name, 256);
}

function valuesText(values: unknown): string {
  if (!Array.isArray(values)) return values === undefined ? '' : shortText(values, MAX_VALUES_LENGTH);
  // Without the brackets of the array.
  const text = shortText(values, MAX_VALUES_LENGTH);
  return text.endsWith(']') ? text.slice(1, -1) : text.slice(1);
}

function restText(metadata: unknown, style: Style): string {
  return metadata === undefined || metadata === null
    ? ''
    : style.faint(`metadata ${shortText(metadata, MAX_VALUES_LENGTH)}`);
}

function streamsText(places: unknown): string {
  return Array.isArray(places) ? `streams ${shortText(places, 100)}` : '';
}

function extensionsText(offer: unknown, style: Style): string {
  if (typeof offer !== 'object' || offer === null) return '';
  const names = Object.keys(offer)
    .slice(0, 20)
    .map((name) => keyText(name.slice(0, 50)));
  return style.faint(`{${names.join(', ')}}`);
}
