import { describe, expect, it } from '@jest/globals';
import { parse, parseBytes } from '../../lib/mdsf/index.js';
import { nodeDecoder } from '../../lib/transport/node-decoder.js';
import { parseBoth } from './parse-both.js';

describe('parse - values', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['true', true],
    ['false', false],
    ['undefined', undefined],
    ["''", ''],
    ['""', ''],
    ['\'it is "quoted"\'', 'it is "quoted"'],
    ['"it\'s"', "it's"],
    ['[]', []],
    ['{}', {}],
    ["{a:1,$b_2:'x',\"c d\":[true,null],'e':{f:{}}}", { a: 1, $b_2: 'x', 'c d': [true, null], e: { f: {} } }],
    ['[[[1]],[2]]', [[[1]], [2]]],
  ])('reads %s', (text, value) => {
    expect(parseBoth(text)).toStrictEqual(value);
  });

  it.each<[string, number]>([
    ['0', 0],
    ['-0', -0],
    ['+5', 5],
    ['-5', -5],
    ['123456789', 123456789],
    ['1234567890', 1234567890],
    ['2147483648', 2147483648],
    ['-9007199254740991', -9007199254740991],
    ['123456789012345678901234567890', Number('123456789012345678901234567890')],
    ['0.5', 0.5],
    ['.5', 0.5],
    ['+.5', 0.5],
    ['-.25', -0.25],
    ['5.', 5],
    ['0.1', 0.1],
    ['3.14159265358979', 3.14159265358979],
    ['5.4799999999999995', 5.4799999999999995],
    ['0.00000012345', 0.00000012345],
    ['1e3', 1000],
    ['1E+3', 1000],
    ['1.5e-7', 1.5e-7],
    ['2e400', Infinity],
    ['0x1F', 31],
    ['0Xff', 255],
    ['-0x10', -16],
    ['0o17', 15],
    ['0O17', 15],
    ['0b101', 5],
    ['0B11', 3],
    ['0xFFFFFFFFFFFFFFFFFF', 2 ** 72],
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['-Infinity', -Infinity],
  ])('reads the number %s, alone and within others', (text, value) => {
    expect(parseBoth(text)).toBe(value);
    expect(parseBoth(`[${text}]`)).toStrictEqual([value]);
    expect(parseBoth(`{a:${text},b: ${text} }`)).toStrictEqual({ a: value, b: value });
  });

  it('reads decimals as the engine does, for any count of digits', () => {
    for (let digits = 1; digits <= 22; digits++) {
      for (let point = 0; point <= digits; point++) {
        const all = '9182736450918273645091'.slice(0, digits);
        const text = `${all.slice(0, point)}.${all.slice(point)}`;
        expect(parseBoth(text)).toBe(Number(text));
      }
    }
  });
});

describe('parse - strings', () => {
  it.each([
    ["'\\b\\f\\n\\r\\t\\v'", '\b\f\n\r\t\v'],
    ["'\\'\\\"\\\\\\/'", '\'"\\/'],
    ["'\\x41\\xe9'", 'A\u00e9'],
    ["'\\u0041\\u20ac'", 'A\u20ac'],
    ["'\\u{41}\\u{1F600}\\u{0000041}'", 'A\u{1f600}A'],
    ["'\\ud83d\\ude00'", '\u{1f600}'],
    ["'\\ud83d'", '\ud83d'],
    ["'\\0'", '\0'],
    ["'\\101\\60\\7z'", 'A0\u0007z'],
    ["'\\777'", '\u01ff'],
    ["'\\8\\q\\\u00e9'", '8q\u00e9'],
    ["'one \\\ntwo \\\r\nthree \\\rfour \\\u2028five \\\u2029six'", 'one two three four five six'],
    ["'raw \n\r\t\u2028\u0001 stay'", 'raw \n\r\t\u2028\u0001 stay'],
    [
      '"\\u0041 and much more text, so that it is long: \\n\\t\\\\"',
      'A and much more text, so that it is long: \n\t\\',
    ],
    [
      "'\\u0041 and \" much more text, so that it is long: \\n\\t\\\\'",
      'A and " much more text, so that it is long: \n\t\\',
    ],
    [
      "'\\x41 and much more text, with what JSON does not have: \\u{42}'",
      'A and much more text, with what JSON does not have: B',
    ],
  ])('reads %j', (text, value) => {
    expect(parseBoth(text)).toBe(value);
    expect(parseBoth(`[1,${text},{k:${text}}]`)).toStrictEqual([1, value, { k: value }]);
  });

  it('reads text beyond ASCII, of one to four bytes a character, before and behind ASCII', () => {
    const value = [
      'plain',
      'Привет',
      'plain again',
      '€uro',
      '\u{1f600}',
      'é',
      { ключ: 'значение', b: 'x' },
      'end',
    ];
    const text = "['plain','Привет','plain again','€uro','\u{1f600}','é',{'ключ':'значение',b:'x'},'end']";
    expect(parseBoth(text)).toStrictEqual(value);
    expect(parseBoth(text.replaceAll("'", '"'))).toStrictEqual(value);
  });

  it('reads escapes and text beyond ASCII in one string', () => {
    expect(parseBoth("['Привет\\n\\'мир\\' \\u{1F600} é','x']")).toStrictEqual([
      "Привет\n'мир' \u{1f600} é",
      'x',
    ]);
    expect(parseBoth('["Привет \\"мир\\" и ещё немного текста\\n","x"]')).toStrictEqual([
      'Привет "мир" и ещё немного текста\n',
      'x',
    ]);
  });

  it.each(['"', '\t', '\u0001'])('reads a long string with %j before its first escape', (character) => {
    for (const length of [1, 40, 255, 300]) {
      const plain = 'x'.repeat(length);
      const text = `${character}${plain}\\n${plain.padEnd(40)}`;
      expect(parseBoth(`['${text}','${plain}${text}']`)).toStrictEqual([
        text.replace('\\n', '\n'),
        plain + text.replace('\\n', '\n'),
      ]);
    }
  });

  it.each([10, 255, 256, 257, 300, 4095, 4096, 5000, 16_383, 16_384, 40_000])(
    'reads strings of %i characters, plain, escaped and beyond ASCII',
    (length) => {
      const plain = 'abcdefghij'.repeat(Math.ceil(length / 10)).slice(0, length);
      const cyrillic = 'Привет мир'.repeat(Math.ceil(length / 10)).slice(0, length);
      const mixed = plain + 'é' + plain;
      const value = [plain, 'a', cyrillic, 'b', mixed, `${plain}\n`, 'é', `${cyrillic}\\`, 'last'];
      const text = `['${plain}','a','${cyrillic}','b','${mixed}','${plain}\\n','é','${cyrillic}\\\\','last']`;
      expect(parseBoth(text)).toStrictEqual(value);
      expect(parseBoth(JSON.stringify(value))).toStrictEqual(value);
    },
  );

  it('reads many strings over many windows of text', () => {
    const value = Array.from({ length: 5000 }, (_, i) =>
      i % 7 === 0 ? `ключ ${i} €\u{1f600}` : `plain text ${i}`,
    );
    expect(parseBoth(`[${value.map((s) => `'${s}'`).join(',')}]`)).toStrictEqual(value);
    const ascii = value.map((_, i) => `another plain text ${i}`);
    expect(parseBoth(`[${ascii.map((s) => `'${s}'`).join(',')}]`)).toStrictEqual(ascii);
  });

  it('keeps lone surrogates of a string, which bytes cannot have', () => {
    expect(parse("'\ud83d'")).toBe('\ud83d');
  });

  it('is not confused by what an earlier text left behind', () => {
    expect(parse(`['${'0x1f"'.repeat(200)}']`)).toHaveLength(1);
    expect(parse('1')).toBe(1);
    expect(() => parse("'abc")).toThrow(SyntaxError);
    expect(() => parse('[1')).toThrow(SyntaxError);
    expect(() => parse('0x')).toThrow(SyntaxError);
  });
});

describe('parse - arrays and objects', () => {
  it.each<[string, unknown]>([
    ['[1,]', [1]],
    ['[,]', [undefined]],
    ['[,1]', [undefined, 1]],
    ['[1,,2]', [1, undefined, 2]],
    ['[ , , ]', [undefined, undefined]],
    ['[undefined]', [undefined]],
    ['{a:1,}', { a: 1 }],
    ['{a:undefined}', {}],
    ['{a:1,a:2}', { a: 2 }],
    ['{a:1,a:undefined}', { a: 1 }],
    ['{17:1,0x10:2,1.50:3}', { 17: 1, 16: 2, 1.5: 3 }],
    ["{'':1,' ':2,'\\n':3,\"it's\":4,'say \"x\"':5}", { '': 1, ' ': 2, '\n': 3, "it's": 4, 'say "x"': 5 }],
  ])('reads %s', (text, value) => {
    expect(parseBoth(text)).toStrictEqual(value);
  });

  it('makes holes elements of their own', () => {
    expect(Object.keys(parseBoth('[,1]') as object)).toStrictEqual(['0', '1']);
  });

  it.each([
    '{__proto__:{isAdmin:true}}',
    '{"__proto__":{"isAdmin":true}}',
    "{'__proto\\x5f_':{isAdmin:true}}",
  ])('reads %s as plain data', (text) => {
    for (const value of [parseBoth(text), (parseBoth(`[${text}]`) as unknown[])[0]]) {
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect((value as { isAdmin?: boolean }).isAdmin).toBeUndefined();
      expect(Object.getOwnPropertyDescriptor(value, '__proto__')).toStrictEqual({
        value: { isAdmin: true },
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
  });

  it('reads __proto__ as plain data where JSON.parse is used', () => {
    const text = `[${'1,'.repeat(200)}{"__proto__":{"isAdmin":true},"имя":"x"}]`;
    const value = (parseBoth(text) as object[]).at(-1);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value ?? {})).toStrictEqual(['__proto__', 'имя']);
  });

  it('leaves out an undefined __proto__', () => {
    expect(Object.keys(parseBoth('{__proto__:undefined}') as object)).toStrictEqual([]);
  });

  it.each([
    [{ 999: 1 }],
    [{ 999: 1, 5: 2, 0: 3, 4294967294: 4, 4294967295: 5, 99999999999: 6, '007': 7 }],
    [{ 3: 1, 30: 2, 300: 3, 3000: 4, 30000: 5, a: 6 }],
    [Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [n * 3, n]))],
    [Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [String(6000 - n * 3), n]))],
  ])('reads members whose keys are indexes (case %#)', (value) => {
    expect(parseBoth(JSON.stringify(value))).toStrictEqual(value);
    expect(parseBoth(JSON.stringify(value).replaceAll('"', "'"))).toStrictEqual(value);
  });

  it('reads the same keys in any order, quoted and bare, again and again', () => {
    const first = '{id:1,name:2,value:3}';
    const second = '{name:1,"id":2,\'value\':3,"value-x":4}';
    for (let round = 0; round < 3; round++) {
      expect(parseBoth(`[${first},${second},${first}]`)).toStrictEqual([
        { id: 1, name: 2, value: 3 },
        { name: 1, id: 2, value: 3, 'value-x': 4 },
        { id: 1, name: 2, value: 3 },
      ]);
    }
  });

  it('does not take a key for the one that came last time', () => {
    expect(
      parseBoth('[{ab:1,cd:2},{ab:1,cde:2},{ab:1,c:2},{ab:1,"cd":2},{ab:1,\'cd e\':2},{ab:1,"cd e":2}]'),
    ).toStrictEqual([
      { ab: 1, cd: 2 },
      { ab: 1, cde: 2 },
      { ab: 1, c: 2 },
      { ab: 1, cd: 2 },
      { ab: 1, 'cd e': 2 },
      { ab: 1, 'cd e': 2 },
    ]);
    expect(() => parse("[{ab:1,'x y':1},{ab:1,x y:1}]")).toThrow(SyntaxError);
    expect(() => parse(`[{ab:1,"it's":1},{ab:1,'it's':1}]`)).toThrow(SyntaxError);
  });

  it('reads thousands of different keys, long ones too', () => {
    const value = Object.fromEntries(
      Array.from({ length: 5000 }, (_, i) => [
        `${i % 3 ? 'k' : 'a-long-key-of-more-than-thirty-two-characters-'}${i}`,
        i,
      ]),
    );
    const text = `{${Object.entries(value)
      .map(([k, v]) => `${k.includes('-') ? `'${k}'` : k}:${v}`)
      .join(',')}}`;
    expect(parseBoth(text)).toStrictEqual(value);
    expect(parseBoth(text)).toStrictEqual(value);
  });
});

describe('parse - blanks and comments', () => {
  it('passes blanks everywhere, those of Unicode too', () => {
    const blanks = ' \t\n\v\f\r\u00a0\ufeff\u2000\u200a\u2028\u2029\u202f\u205f\u3000\u1680';
    const text = ['', '[', '1', ',', '{', 'a', ':', "'é'", ',', '}', ',', '0x1f', ']', ''].join(blanks);
    expect(parseBoth(text)).toStrictEqual([1, { a: 'é' }, 31]);
  });

  it('passes comments everywhere, one after the other', () => {
    const comment = '/* a * b / é€\u{1f600} */// c é\n/**/ //\r/***/';
    const text = ['', '[', '1', ',', '{', 'a', ':', "'é'", ',', '}', ',', '2', ']', ''].join(comment);
    expect(parseBoth(text)).toStrictEqual([1, { a: 'é' }, 2]);
  });

  it('takes the end of the text for the end of a line comment', () => {
    expect(parseBoth('1 // one')).toBe(1);
    expect(parseBoth('1 //')).toBe(1);
  });
});

describe('parse - JSON text', () => {
  it('reads what JSON.stringify writes, whichever way is taken', () => {
    const value = {
      numbers: Array.from({ length: 300 }, (_, i) => i * 1.37),
      text: 'plain "quoted" \\ \n \u2028 é€\u{1f600}',
      rows: Array.from({ length: 50 }, (_, i) => ({ id: i, имя: `имя ${i}`, ok: i % 2 === 0, none: null })),
    };
    for (const part of [value, value.numbers, value.rows, [value.numbers, value.rows]]) {
      expect(parseBoth(JSON.stringify(part))).toStrictEqual(part);
      expect(parseBoth(JSON.stringify(part, null, 2))).toStrictEqual(part);
      expect(parseBoth(` ${JSON.stringify(part)} // comment`)).toStrictEqual(part);
    }
  });

  it('reads what only looks like JSON', () => {
    const numbers = '1.5,'.repeat(100);
    expect(parseBoth(`[${numbers}'end']`)).toHaveLength(101);
    expect(parseBoth(`[${numbers},undefined,]`)).toHaveLength(102);
    expect(parseBoth(`[{"имя":1,b:2},${numbers}]`)).toHaveLength(101);
  });

  it('lets go of what it has read', () => {
    const bytes = Buffer.from('[1]');
    parseBytes(bytes, nodeDecoder);
    bytes.fill(0x20);
    expect(parse('2')).toBe(2);
  });
});
