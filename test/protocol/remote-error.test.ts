import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../lib/protocol/configuration-error.js';
import * as codes from '../../lib/protocol/error-codes.js';
import { JstpError } from '../../lib/protocol/jstp-error.js';
import { ProtocolError } from '../../lib/protocol/protocol-error.js';
import { RemoteError } from '../../lib/protocol/remote-error.js';
import { createRequire } from 'node:module';

const { warn } = console;
console.warn = () => undefined;
const reference = createRequire(import.meta.url)('@metarhia/jstp') as {
  RemoteError: typeof RemoteError;
};
console.warn = warn;

describe('RemoteError', () => {
  it('has the code, the text of a known code, and no info', () => {
    const error = new RemoteError(codes.ERR_AUTH_FAILED);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'RemoteError',
      code: 11,
      message: 'Authentication failed',
      info: null,
    });
    expect(String(error)).toBe('RemoteError: Authentication failed');
    expect(error.stack).toContain('RemoteError: Authentication failed');
  });

  it('has its own text, or the code for one', () => {
    expect(new RemoteError(1001, 'mine', [1])).toMatchObject({ message: 'mine', info: [1] });
    expect(new RemoteError(1001).message).toBe('1001');
    expect(new RemoteError(1001, '').message).toBe('1001');
    expect(new RemoteError(1001, null).message).toBe('1001');
  });

  it('has a text for every constant', () => {
    for (const [name, code] of Object.entries(codes)) {
      if (!name.startsWith('ERR_') || typeof code !== 'number') continue;
      expect(RemoteError.defaultMessages[code]).toEqual(expect.any(String));
      expect(new RemoteError(code).message).toBe(RemoteError.defaultMessages[code]);
    }
  });

  it.each<[number, string | undefined, unknown[] | null]>([
    [10, undefined, null],
    [11, 'mine', [1]],
    [-1, undefined, null],
    [1001, undefined, null],
    [1001, undefined, [1, 2]],
    [1001, 'mine', null],
    [1001, 'mine', [1, 2]],
    [1001, 'mine', []],
    [0, undefined, null],
  ])('stands for the same array as the reference: %p %p %p', (code, message, info) => {
    const ours = new RemoteError(code, message, info);
    const theirs = new reference.RemoteError(code, message, info);
    expect(ours.toJSTP()).toStrictEqual(theirs.toJSTP());
    expect(RemoteError.getJstpArrayFor(ours)).toStrictEqual(reference.RemoteError.getJstpArrayFor(theirs));
  });

  it('sends the text of our own codes, which an old peer does not know', () => {
    expect(new RemoteError(codes.ERR_CALL_TIMEOUT).toJSTP()).toStrictEqual([-7, 'Call timed out']);
  });

  it.each<[unknown[], object]>([
    [[12], { code: 12, message: 'Interface not found', info: null }],
    [[1001, 'mine'], { code: 1001, message: 'mine', info: null }],
    [[1001, 'mine', 1, [2]], { code: 1001, message: 'mine', info: [1, [2]] }],
    [[1001, null, 1], { code: 1001, message: '1001', info: [1] }],
    [[1001, { a: 1 }], { code: 1001, message: '[object Object]' }],
    [[1001, { toString: 5 }], { code: 1001, message: '[object Object]' }],
    [['text'], { code: 1, message: 'text' }],
    [[], { code: 1, message: '1' }],
  ])('is made of the array %j', (array, expected) => {
    expect(RemoteError.fromJstpArray(array)).toMatchObject(expected);
  });

  it('survives the wire', () => {
    const error = new RemoteError(1001, 'mine', ['x', { y: 1 }]);
    expect(RemoteError.fromJstpArray(RemoteError.getJstpArrayFor(error))).toMatchObject({
      code: 1001,
      message: 'mine',
      info: error.info,
    });
  });

  it('lets subclasses say what to send, by the new name and the old one', () => {
    class Modern extends RemoteError {
      override toJSTP(): unknown {
        return [1, 'modern'];
      }
    }
    class Old extends RemoteError {}
    const inherited: unknown = Reflect.get(RemoteError.prototype, 'toJstpArray');
    // An application written for JSTP 1.x.
    Object.defineProperty(Old.prototype, 'toJstpArray', {
      value(this: Old) {
        return [...Reflect.apply(inherited as () => unknown[], this, []), 'old'];
      },
    });
    expect(RemoteError.getJstpArrayFor(new Modern(5))).toStrictEqual([1, 'modern']);
    expect(new Old(5, 'x').toJSTP()).toStrictEqual([5, 'x', 'old']);
    expect(RemoteError.getJstpArrayFor(new Old(5, 'x'))).toStrictEqual([5, 'x', 'old']);
    expect(
      Reflect.apply(
        RemoteError.prototype.toJSTP,
        { code: 5, message: 'x', info: null, wireArray: () => [5] },
        [],
      ),
    ).toStrictEqual([5]);
  });
});

describe('getJstpArrayFor', () => {
  const hostile = {
    toString: () => {
      throw new Error('no');
    },
  };
  const endless = { toJSTP: () => endless };
  const hostileError = Object.assign(new Error('x'), hostile);

  it.each<[string, unknown, unknown[]]>([
    ['an Error', new Error('x'), [1, 'Error: x']],
    ['a TypeError', new TypeError('x'), [1, 'TypeError: x']],
    ['a string', 'text', [1, 'text']],
    ['a number', 42, [42]],
    ['an array', [5, 'x', { a: 1 }], [5, 'x', { a: 1 }]],
    ['an array with a text for a code', ['E_MINE', 'x'], ['E_MINE', 'x']],
  ])('gives what the reference gives for %s', (_name, value, array) => {
    expect(RemoteError.getJstpArrayFor(value)).toStrictEqual(array);
    expect(reference.RemoteError.getJstpArrayFor(value)).toStrictEqual(array);
  });

  it.each<[string, unknown, unknown[]]>([
    ['undefined', undefined, [1, 'undefined']],
    ['null', null, [1, 'null']],
    ['a boolean', true, [1, 'true']],
    ['a bigint', 5n, [1, '5']],
    ['a symbol', Symbol('s'), [1, 'Symbol(s)']],
    ['NaN', NaN, [1, 'NaN']],
    ['Infinity', Infinity, [1, 'Infinity']],
    ['an object', {}, [1, '[object Object]']],
    ['an object without prototype', Object.create(null), [1, '[object Object]']],
    ['a function, without its source', () => 'secret', [1, '[object Function]']],
    ['a hostile toString', hostile, [1, '[object Object]']],
    ['an Error with a hostile toString', hostileError, [1, 'Error']],
    ['an empty array', [], [1]],
    ['a nested array', [[10, 'x']], [1, '10,x']],
    ['an array of an object', [{ toString: 1 }], [1, '[object Object]']],
    ['an array of NaN', [NaN], [1, 'NaN']],
    ['an object with toJSTP', { toJSTP: () => [7, 'x'] }, [7, 'x']],
    ['a toJSTP that gives an Error', { toJSTP: () => new Error('x') }, [1, 'Error: x']],
    ['a toJSTP that gives nothing', { toJSTP: () => undefined }, [1, 'undefined']],
    ['a toJSTP that is no function', { toJSTP: 5 }, [1, '[object Object]']],
    ['a toJSTP that gives itself', endless, [1, '[object Object]']],
    [
      'a toJSTP that throws',
      {
        toJSTP: () => {
          throw new Error('secret');
        },
      },
      [1, '[object Object]'],
    ],
  ])('gives a sound array for %s', (_name, value, array) => {
    expect(RemoteError.getJstpArrayFor(value)).toStrictEqual(array);
  });
});

describe('our own errors', () => {
  it('have a code that stays, and one base', () => {
    const cause = new Error('x');
    const protocol = new ProtocolError('bad', { cause });
    expect(protocol).toBeInstanceOf(JstpError);
    expect(protocol).toMatchObject({
      name: 'ProtocolError',
      code: 'ERR_JSTP_PROTOCOL',
      message: 'bad',
      cause,
    });
    expect(new JstpError('ERR_X', 'text')).toMatchObject({
      name: 'JstpError',
      code: 'ERR_X',
      message: 'text',
    });
  });

  it.each<[unknown, string]>([
    [5, '5'],
    ['x', '"x"'],
    [undefined, 'undefined'],
    [null, 'null'],
    [true, 'true'],
    [5n, '5n'],
    [{}, 'a value of type object'],
    [() => 0, 'a value of type function'],
  ])('tell what was given: %p', (given, shown) => {
    const error = new ConfigurationError('port', given, 'a port');
    expect(error.message).toBe(`port must be a port, but ${shown} was given`);
    expect(error).toMatchObject({
      name: 'ConfigurationError',
      code: 'ERR_JSTP_CONFIGURATION',
      option: 'port',
    });
  });
});
