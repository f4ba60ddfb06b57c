import { describe, expect, it } from '@jest/globals';
import { isPortableName, isUsername } from '../../lib/protocol/name-rules.js';

describe('isPortableName', () => {
  it.each(['method', 'ping', 'ok', 'stream', 'cancel', 'a.b', 'имя', '1a', '01', '-1', '1.5', 'constructor'])(
    'takes %j',
    (name) => {
      expect(isPortableName(name)).toBe(true);
      expect(isPortableName(name, 'call')).toBe(true);
    },
  );

  it.each(['', '0', '17', '4294967296', '__proto__'])('refuses %j for every kind', (name) => {
    for (const kind of [undefined, 'call', 'event', 'handshake'] as const)
      expect(isPortableName(name, kind)).toBe(false);
  });

  it('refuses the name of the message itself, and only that', () => {
    expect(isPortableName('call', 'call')).toBe(false);
    expect(isPortableName('event', 'call')).toBe(true);
    expect(isPortableName('event', 'event')).toBe(false);
    expect(isPortableName('handshake', 'handshake')).toBe(false);
    for (const name of ['call', 'event', 'handshake']) expect(isPortableName(name)).toBe(false);
  });
});

describe('isUsername', () => {
  it.each(['a', 'Ann Smith', ' ann ', 'имя', 'x'.repeat(256), '\u{1f600}'])('takes %j', (name) => {
    expect(isUsername(name)).toBe(true);
  });

  it.each(['', ' ', '\u3000', 'x'.repeat(257), 'ann\nroot', '\0', '\u2028', '\ud83d'])(
    'refuses %j',
    (name) => {
      expect(isUsername(name)).toBe(false);
    },
  );
});
