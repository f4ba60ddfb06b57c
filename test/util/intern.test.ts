import { describe, expect, it } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import { intern } from '../../lib/util/intern.js';

setFlagsFromString('--allow-natives-syntax');
const haveSameHiddenClass = runInThisContext('(a, b) => %HaveSameMap(a, b)') as (
  a: object,
  b: object,
) => boolean;
// It is compiled when it is called first.
haveSameHiddenClass({}, {});
setFlagsFromString('--no-allow-natives-syntax');

describe('intern', () => {
  it('returns the same text', () => {
    for (const text of ['', 'a', '__proto__', '17', 'the long name of a method', 'ключ']) {
      expect(intern(text)).toBe(text);
    }
  });

  it('leaves room for the hidden classes of objects, however many texts it is given', () => {
    for (let i = 0; i < 4000; i++) intern(`name-${i}`);
    const [one, other] = ['one', 'other'].map((value) => {
      const object: Record<string, string> = {};
      for (const key of ['newKey', 'anotherNewKey']) object[key] = value;
      return object;
    });
    expect(haveSameHiddenClass(one, other)).toBe(true);
  });
});
