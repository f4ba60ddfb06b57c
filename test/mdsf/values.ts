import fc from 'fast-check';

const key = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom('id', 'name', 'a', '__proto__', 'constructor', '17', 'toString', "it's"),
);
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom(
    '\0',
    '\r\n',
    '\u2028',
    '\u2029',
    "'",
    '\\',
    '"',
    'я'.repeat(300),
    "x'".repeat(200),
    'x'.repeat(1500),
  ),
);

/** Any value that MDSF can carry, objects without undefined members and numbers without -0. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false, undefined),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
    fc.integer(),
    text,
    fc.array(tie('value'), { maxLength: 20 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 20 }).map(plainObject),
  ),
})).value;

/** An object of these members, `__proto__` among them as plain data. */
function plainObject(members: readonly (readonly [string, unknown])[]): object {
  const object = {};
  for (const [name, value] of members) {
    if (value === undefined) continue;
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  }
  return object;
}
