import { describe, expect, it } from '@jest/globals';
import { MdsfSyntaxError, parse, parseBytes } from '../../lib/mdsf/index.js';
import { nodeDecoder } from '../../lib/transport/node-decoder.js';
import { failureOf, parseBoth } from './parse-both.js';

const fromBytes = (bytes: readonly number[] | Buffer): unknown =>
  parseBytes(Uint8Array.from(bytes), nodeDecoder);

describe('parse - what is refused', () => {
  it.each<[string, number]>([
    ['@', 0],
    ['[1 2]', 3],
    ['[1,@]', 3],
    ['{a 1}', 3],
    ['{a:1 b:2}', 5],
    ['{,}', 1],
    ['{a:,}', 3],
    ['{a:}', 3],
    ['{-1:2}', 1],
    ['1 2', 2],
    ['{} x', 3],
    ['[]]', 2],
    ['nul', 0],
    ['nullx', 0],
    ['True', 0],
    ['undefine', 0],
    ['01', 0],
    ['-01', 1],
    ['00', 0],
    ['[007]', 1],
    ['1-2', 1],
    ['--1', 1],
    ['+-1', 1],
    ['.', 1],
    ['1e', 2],
    ['[1e+]', 4],
    ['1.2.3', 3],
    ['12abc', 2],
    ['0x', 2],
    ['0xg', 2],
    ['0b2', 2],
    ['0o8', 2],
    ['0b12', 3],
    ['-', 1],
    ['/x', 0],
    ['/', 0],
    ["'\\xg0'", 3],
    ["'ab\\u12g4'", 7],
    ["'\\u{}'", 3],
    ["'\\u{110000}'", 3],
    ["'\\u{000000041}'", 3],
    ["'\\u{41'", 3],
    ["'\\u{4g}'", 5],
    ['{ключ:1}', 1],
    ['\u0000', 0],
    ['1\u0000', 1],
  ])('refuses %j at position %i', (text, position) => {
    const error = failureOf(text);
    expect(error).toBeInstanceOf(SyntaxError);
    expect(error.name).toBe('MdsfSyntaxError');
    expect(error.position).toBe(position);
    expect(error.message).toContain(`at position ${position}`);
  });

  it.each<[string, number]>([
    ['', 0],
    ['  ', 2],
    ['[', 1],
    ['[1', 2],
    ['[1,', 3],
    ['{', 1],
    ['{a', 2],
    ['{a:', 3],
    ['{a:1', 4],
    ['{a:1,', 5],
    ["'abc", 0],
    ["['abc\\'", 1],
    ["{'abc", 1],
    ["['é", 1],
    [`['${'x'.repeat(300)}`, 1],
    ['/* never', 0],
    ['1 /*/', 2],
  ])('tells that %j ends too early', (text, position) => {
    const error = failureOf(text);
    expect(error.code).toBe('ERR_MDSF_UNEXPECTED_END');
    expect(error.position).toBe(position);
  });

  it('counts positions in bytes for bytes and in UTF-16 units for strings', () => {
    const text = "{a:'é€\u{1f600}\\xzz'}";
    expect(() => parse(text)).toThrow(expect.objectContaining({ position: 10 }));
    expect(() => fromBytes(Buffer.from(text))).toThrow(expect.objectContaining({ position: 15 }));
    const behind = "['é€\u{1f600}' @]";
    expect(() => parse(behind)).toThrow(expect.objectContaining({ position: 8 }));
    expect(() => fromBytes(Buffer.from(behind))).toThrow(expect.objectContaining({ position: 13 }));
  });
});

describe('parse - bytes that are no UTF-8', () => {
  const flaws: [string, readonly number[]][] = [
    ['a continuation byte alone', [0x80]],
    ['a lead byte alone', [0xc3]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a code point beyond the last', [0xf4, 0x90, 0x80, 0x80]],
    ['the byte 0xff', [0xff]],
  ];
  const places: [string, (flaw: readonly number[]) => readonly number[]][] = [
    ['a string', (flaw) => [0x27, ...flaw, 0x27]],
    ['an escaped string', (flaw) => [...Buffer.from("'\\n"), ...flaw, 0x27]],
    ['a long string', (flaw) => [...Buffer.from(`'${'x'.repeat(500)}`), ...flaw, 0x27]],
    ['a key', (flaw) => [...Buffer.from("{'"), ...flaw, ...Buffer.from("':1}")]],
    ['a comment', (flaw) => [...Buffer.from('1//'), ...flaw]],
    ['blanks', (flaw) => [...Buffer.from('1 '), ...flaw]],
    ['JSON text', (flaw) => [...Buffer.from(`[${'1,'.repeat(200)}"`), ...flaw, ...Buffer.from('"]')]],
  ];
  for (const [flaw, bytes] of flaws) {
    it.each(places)(`refuses ${flaw} in %s`, (_place, around) => {
      expect(() => fromBytes(around(bytes))).toThrow(expect.objectContaining({ code: 'ERR_MDSF_ENCODING' }));
    });
  }
});

describe('parse - nesting', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

  it('takes 256 levels by default', () => {
    expect(parseBoth(nested(256))).toHaveLength(1);
    expect(failureOf(nested(257)).code).toBe('ERR_MDSF_DEPTH');
  });

  it('takes as many levels as maxDepth says, of arrays and objects', () => {
    expect(parseBoth('[{a:[1]}]', { maxDepth: 3 })).toStrictEqual([{ a: [1] }]);
    expect(failureOf('[{a:[1]}]', { maxDepth: 2 }).code).toBe('ERR_MDSF_DEPTH');
    expect(failureOf('[{a:[1]}]', { maxDepth: 2 }).position).toBe(4);
  });

  it('counts levels in the same way where JSON.parse is used', () => {
    const text = `[${'1,'.repeat(200)}[{"a":[1]}]]`;
    expect(parseBoth(text, { maxDepth: 4 })).toHaveLength(201);
    expect(failureOf(text, { maxDepth: 3 }).code).toBe('ERR_MDSF_DEPTH');
    expect(failureOf(text, { maxDepth: 1 }).code).toBe('ERR_MDSF_DEPTH');
  });

  it.each(['[', '{a:', '{"a":', '[1,[', '[{"a":', "['',["])(
    'never overflows the stack on a million of %s',
    (opening) => {
      expect(failureOf(opening.repeat(1_000_000)).code).toBe('ERR_MDSF_DEPTH');
    },
  );

  it('never overflows the stack on deep JSON text', () => {
    const depth = 200_000;
    const text = `[${'1,'.repeat(50)}${'['.repeat(depth)}${']'.repeat(depth)}]`;
    expect(failureOf(text).code).toBe('ERR_MDSF_DEPTH');
  });

  it('counts siblings once', () => {
    expect(parseBoth(`[${'[[]],{a:[]},'.repeat(1000)}]`, { maxDepth: 3 })).toHaveLength(2000);
  });
});

describe('parse - how many values', () => {
  const takes = (text: string, count: number): void => {
    expect(() => parseBoth(text, { maxValues: count })).not.toThrow();
    expect(failureOf(text, { maxValues: count - 1 }).code).toBe('ERR_MDSF_VALUES');
  };

  it.each([
    ['1', 1],
    ['[]', 1],
    ['[1]', 2],
    ["['a,b']", 2],
    ['[,,]', 3],
    ['{a:{b:[null]}}', 4],
    ['{a:1,a:2}', 3],
  ])('counts those of %s', takes);

  it('counts in the same way where JSON.parse is used', () => {
    takes(`[${'1.5,'.repeat(100)}[{"a":["é, [ {"]}]]`, 105);
    takes(`[${'1,'.repeat(200)}1]`, 202);
  });

  it('makes no value of a text that has too many', () => {
    const parsed = JSON.parse;
    let calls = 0;
    JSON.parse = (text: string): unknown => {
      calls++;
      return parsed(text) as unknown;
    };
    try {
      expect(failureOf('['.repeat(300), { maxValues: 200 }).code).toBe('ERR_MDSF_VALUES');
    } finally {
      JSON.parse = parsed;
    }
    expect(calls).toBe(0);
  });
});

describe('parse - cost', () => {
  it('searches no byte again for each of many long strings', () => {
    let searched = 0;
    const counting = {
      ...nodeDecoder,
      indexOf: (bytes: Uint8Array, byte: number, from: number): number => {
        const at = nodeDecoder.indexOf(bytes, byte, from);
        searched += (at === -1 ? bytes.length : at) - from;
        return at;
      },
    };
    const bytes = Buffer.from(`[${`'${'x'.repeat(600)}',`.repeat(2000)}]`);
    expect(parseBytes(bytes, counting)).toHaveLength(2000);
    expect(searched).toBeLessThan(3 * bytes.length);
  });

  it('decodes no byte more than a few times', () => {
    let decoded = 0;
    const count = (bytes: Uint8Array, start: number, end: number): void => {
      decoded += end - start;
      expect(end).toBeLessThanOrEqual(bytes.length);
    };
    const counting = {
      ...nodeDecoder,
      latin1Slice: (bytes: Uint8Array, start: number, end: number): string => {
        count(bytes, start, end);
        return nodeDecoder.latin1Slice(bytes, start, end);
      },
      utf8Slice: (bytes: Uint8Array, start: number, end: number): string => {
        count(bytes, start, end);
        return nodeDecoder.utf8Slice(bytes, start, end);
      },
    };
    for (const piece of [
      "'text',",
      "'текст',",
      `'${'x'.repeat(5000)}',`,
      `'${'я'.repeat(5000)}',`,
      '"a\\n",',
    ]) {
      decoded = 0;
      const bytes = Buffer.from(`[${piece.repeat(100_000 / piece.length)}]`);
      parseBytes(bytes, counting);
      expect(decoded).toBeLessThan(2 * bytes.length + 32 * 1024);
    }
  });

  it('is an MdsfSyntaxError, whatever the bytes', () => {
    for (let byte = 0; byte < 256; byte++) {
      for (const before of ['', '[', '{', '{a', '{a:', "'", "'\\", '1', '-', '/', '0']) {
        try {
          fromBytes([...Buffer.from(before), byte]);
        } catch (error) {
          expect(error).toBeInstanceOf(MdsfSyntaxError);
        }
      }
    }
  });
});
