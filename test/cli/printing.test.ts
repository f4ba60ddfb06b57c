import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatValue, shortText } from '../../lib/cli/format-value.js';
import { jsonText } from '../../lib/cli/json-text.js';
import { maskMessage, mayHoldSecret } from '../../lib/cli/mask.js';
import { PLAIN } from '../../lib/cli/style.js';
import { trafficText } from '../../lib/cli/traffic-text.js';
import { parse } from '../../lib/core.js';
import { expectEqual } from '../mdsf/expect-equal.js';
import { anyValue } from '../mdsf/values.js';
import { EVIL } from './world.js';

// eslint-disable-next-line no-control-regex -- It is what must not be there.
const CONTROL = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

test('what is printed is MDSF that reads back as the same value, and has no control characters', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const text = formatValue(value, PLAIN);
      expect(text).not.toMatch(CONTROL);
      expectEqual(parse(text), value);
    }),
    { numRuns: 300 },
  );
});

test('JSON of a peer reads back as the same value, and has no control characters', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = jsonText(value);
      expect(text).not.toMatch(CONTROL);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 300 },
  );
  expect(jsonText([undefined, Buffer.from('hi'), EVIL])).toBe(`[null,"aGk=",${jsonText(EVIL)}]`);
  expect(jsonText(undefined)).toBe('null');
});

test('a short value stays on a line, a long one gets a line for each member', () => {
  expect(formatValue({ a: [1, 'two', null], 'b c': undefined }, PLAIN)).toBe(
    "{a: [1, 'two', null], 'b c': undefined}",
  );
  const long = 'x'.repeat(70);
  expect(formatValue({ long, list: [1, { long }] }, PLAIN)).toBe(
    `{\n  long: '${long}',\n  list: [\n    1,\n    {\n      long: '${long}'\n    }\n  ]\n}`,
  );
  expect(shortText({ long }, 20)).toBe("{long: 'xxxxxxxxx...");
});

test('a value that is nested deep and wide is printed in time that grows with its size alone', () => {
  let value: unknown = 1;
  for (let depth = 0; depth < 200; depth += 1) value = [value, ...Array.from({ length: 500 }, () => 1)];
  expect(formatValue(value, PLAIN).length).toBeGreaterThan(100_000);
});

test.each([
  [
    { handshake: [0, 'app', '^1.0.0', { stream: 1 }], login: ['ann', 'secret'] },
    "handshake app@^1.0.0 login '[credentials]' {stream}",
  ],
  [{ handshake: [0, 'app'], token: { a: 'secret' } }, "handshake app token '[masked]'"],
  [
    { handshake: [0, 'app'], session: ['secret', 7, [1, 2]] },
    "handshake app session ['[session]', 7, [1, 2]]",
  ],
  [{ handshake: [0, null, { max: 1 }], ok: 'secret' }, "handshake ok '[session]' {max}"],
  [{ handshake: [0], error: [11] }, 'handshake error [11]'],
  [
    { call: [1, 'rooms', { token: 'secret', lang: 'de' }], join: ['lobby', 2] },
    "1 call rooms.join('lobby', 2) metadata {token: '[masked]', lang: 'de'}",
  ],
  [
    { call: [2, 'users'], add: [{ name: 'ann', password: 'secret' }] },
    "2 call users.add({name: 'ann', password: '[masked]'})",
  ],
  [{ call: [3, 'a'], b: ['Bearer secret', 'eyJsecret.b.c'] }, "3 call a.b('[masked]', '[masked]')"],
  [{ call: [4, 'auth'], token: ['secret'] }, "4 call auth.token('[masked]')"],
  [{ call: [5, 'files', null, [1]], put: ['a', null] }, "5 call files.put('a', null) streams [1]"],
  [
    { callback: [1, { cost: 3 }], ok: [{ sessionId: 'secret' }] },
    "1 callback ok {sessionId: '[masked]'} metadata {cost: 3}",
  ],
  [{ callback: [1], error: [1010, 'Division by zero'] }, "1 callback error 1010, 'Division by zero'"],
  [{ event: [-1, 'rooms'], opened: ['lobby'] }, "-1 event rooms.opened('lobby')"],
  [{ inspect: [3, 'rooms'] }, '3 inspect rooms'],
  [{ ping: [4] }, '4 ping'],
  [{ stream: [1, 2], data: ['x'] }, "1 stream #2 data 'x'"],
  [{ source: [1, 0], credit: [64] }, '1 source argument 0 credit 64'],
  [{ bye: ['moved'] }, "bye 'moved'"],
  [{}, 'heartbeat {}'],
  [{ dance: [1], tango: [EVIL] }, undefined],
  [{ [EVIL]: [1] }, undefined],
  [{ call: [EVIL, EVIL, EVIL], [EVIL]: EVIL }, undefined],
])('writes the message %j without its secrets', (message, expected) => {
  const text = trafficText(message, PLAIN);
  expect(text).not.toMatch(CONTROL);
  expect(text).not.toContain('secret');
  if (expected !== undefined) expect(text).toBe(expected);
});

test('a message is masked whichever of its keys comes first, and is not changed', () => {
  const message = { x: 1, handshake: [0, 'app'], login: ['ann', 'secret'] };
  expect(JSON.stringify(maskMessage(message))).not.toContain('secret');
  expect(message.login).toEqual(['ann', 'secret']);
});

test('lines that may hold a secret are known', () => {
  const secret = [
    "auth.login('ann', 'x')",
    'call users.add {password: "x"}',
    'emit a.b "Bearer xyz"',
    'users.signIn({apiKey: 1})',
  ];
  expect(secret.filter(mayHoldSecret)).toEqual(secret);
  const plain = ["rooms.join('kitchen')", 'inspect rooms', 'math.add(1, 2)'];
  expect(plain.filter(mayHoldSecret)).toEqual([]);
});
