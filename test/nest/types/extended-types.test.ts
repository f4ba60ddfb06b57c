import { afterEach, describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { NestFactory } from '@nestjs/core';
import { stringify as flatten } from 'devalue';
import { firstValueFrom, toArray, of, type Observable } from 'rxjs';
import { Arg, JstpArgs, JstpClient, JstpServer, type JstpClientOptions } from '../../../lib/index.js';
import { ExtendedTypes } from '../../../lib/nest/types/extended-types.js';
import { DEFAULT_LIMITS } from '../../../lib/protocol/limits.js';
import { Closing } from '../../support/closing.js';
import { moduleOf, QUIET } from '../../support/nest-app.js';
import { waitFor, within } from '../../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

let seen: unknown[] = [];

@Controller()
class Echo {
  @MessagePattern('echo')
  echo(@Payload() value: unknown): unknown {
    seen.push(value);
    return value;
  }

  @MessagePattern('pair')
  pair(@Arg(0) a: unknown, @Arg(1) b: unknown): unknown {
    seen.push(a, b);
    return JstpArgs.of(b, a);
  }

  @MessagePattern('stream')
  stream(@Payload() value: unknown): Observable<unknown> {
    return of(value, 'plain', value);
  }

  @EventPattern('said')
  said(@Payload() value: unknown): void {
    seen.push(value);
  }
}

async function serve(types: 'plain' | 'extended'): Promise<number> {
  seen = [];
  const strategy = new JstpServer({ host: '127.0.0.1', port: 0, types });
  const app = await NestFactory.createMicroservice(moduleOf({ controllers: [Echo] }), { ...QUIET, strategy });
  closing.add(() => app.close());
  await within(app.listen() as Promise<unknown>, 'a server');
  return strategy.unwrap<{ address(): { port: number } }>().address().port;
}

function clientOf(port: number, types: JstpClientOptions['types']): JstpClient {
  const client = new JstpClient({ host: '127.0.0.1', port, types, reconnect: false });
  closing.add(() => client.close());
  return client;
}

const send = (client: JstpClient, pattern: string, value: unknown): Promise<unknown> =>
  within(firstValueFrom(client.send<unknown, unknown>(pattern, value)), pattern);

class Point {
  constructor(
    readonly x: number,
    readonly at: Date,
  ) {}
}

describe("with types: 'extended' on both sides", () => {
  const values: readonly (readonly [string, unknown])[] = [
    ['a date', new Date(5)],
    ['a Map and a Set', new Map<unknown, unknown>([[{ a: 1 }, new Set([1n, 'x'])]])],
    ['bigints', [0n, -(2n ** 200n)]],
    ['numbers that JSON has not', [NaN, Infinity, -Infinity, -0]],
    ['a RegExp', /a'"\\b/giu],
    ['a URL', new URL('http://ann:pw@a.example/b?c=d#e')],
    ['an empty Map beside undefined', { a: new Map(), b: undefined, c: [undefined] }],
    ['bytes within', { at: new Date(1), content: Buffer.from('hi'), none: Buffer.alloc(0) }],
    ['quotes and line ends', new Map([["it's", '"\n\u2028\0`é']])],
    ['what looks like it was converted', { $extended: '[[1]]' }],
    ['the same within a list', [{ $extended: 'x' }, 1]],
  ];

  test.each(values)('%s arrives as it was, and comes back so', async (_what, value) => {
    const port = await serve('extended');
    const client = clientOf(port, 'extended');
    expect(await send(client, 'echo', value)).toEqual(value);
    expect(seen).toEqual([value]);
  });

  test('an Error arrives as one of its class, with its own members and its cause, without its stack', async () => {
    const client = clientOf(await serve('extended'), 'extended');
    const error = Object.assign(new RangeError('far', { cause: new Error('near') }), {
      code: 7,
      at: new Date(1),
    });
    const back = (await send(client, 'echo', { error })) as { error: RangeError };
    expect(back.error).toBeInstanceOf(RangeError);
    expect(back.error).toMatchObject({ name: 'RangeError', message: 'far', code: 7, at: new Date(1) });
    expect(back.error.cause).toEqual(new Error('near'));
    expect(back.error.stack).not.toBe(error.stack);
    class OwnError extends Error {
      override name = 'OwnError';
    }
    const own = (await send(client, 'echo', new OwnError('mine'))) as Error;
    expect([own instanceof Error, own.name, own.message]).toEqual([true, 'OwnError', 'mine']);
  });

  test('a date that is none arrives as one that is none', async () => {
    const client = clientOf(await serve('extended'), 'extended');
    expect(Number(await send(client, 'echo', new Date(NaN)))).toBeNaN();
  });

  test('a value that contains itself arrives so', async () => {
    const client = clientOf(await serve('extended'), 'extended');
    const circle: Record<string, unknown> = { name: 'a' };
    circle['self'] = circle;
    circle['list'] = [circle];
    const back = (await send(client, 'echo', circle)) as typeof circle;
    expect(back['self']).toBe(back);
    expect((back['list'] as unknown[])[0]).toBe(back);
  });

  test('instances, functions and toJSON are as plain messages have them', async () => {
    const client = clientOf(await serve('extended'), 'extended');
    const at = new Date(3);
    const value = { point: new Point(1, at), tagged: { toJSON: () => at }, f: () => 1 };
    const back = await send(client, 'echo', value);
    expect(back).toEqual({ point: { x: 1, at }, tagged: at, f: undefined });
    expect((back as { point: object }).point).not.toBeInstanceOf(Point);
  });

  test('several arguments, values of streams and events have them, too', async () => {
    const client = clientOf(await serve('extended'), 'extended');
    const [a, b] = [new Date(1), new Set([1])];
    expect(await send(client, 'pair', JstpArgs.of(a, b))).toEqual([b, a]);
    expect(seen).toEqual([a, b]);
    const items = client.send<unknown, unknown>('stream', a).pipe(toArray());
    expect(await within(firstValueFrom(items), 'a stream')).toEqual([a, 'plain', a]);
    client.emit('said', a);
    await waitFor(() => seen.length === 3, 'the event');
    expect(seen[2]).toEqual(a);
    expect(await within(client.call('default', 'echo', a), 'a call')).toEqual(a);
  });

  test('what cannot be sent fails at its sender', async () => {
    const client = clientOf(await serve('extended'), 'extended');
    let deep: unknown = 1n;
    for (let n = 0; n < 300; n++) deep = [deep];
    await expect(send(client, 'echo', deep)).rejects.toMatchObject({ code: 'ERR_MDSF_DEPTH' });
    const odd = JSON.parse('{"__proto__":{},"a":[]}') as object;
    await expect(send(client, 'echo', { odd, n: 1n })).rejects.toThrow('__proto__');
    await expect(send(client, 'echo', odd)).resolves.toBeDefined();
    expect(await send(client, 'echo', 'after')).toBe('after');
  });
});

describe("with types: 'extended' on one side", () => {
  test('plain values pass as ever', async () => {
    const plain = { a: [1, 'x', null, { b: true }], bytes: Buffer.from('hi') };
    const [extended, other] = [await serve('extended'), await serve('plain')];
    expect(await send(clientOf(extended, 'plain'), 'echo', plain)).toEqual(plain);
    expect(await send(clientOf(other, 'extended'), 'echo', plain)).toEqual(plain);
  });

  test('a server without gets an object with the text of devalue; one with takes what a plain client sends', async () => {
    const [extended, plain] = [await serve('extended'), await serve('plain')];
    const at = new Date(5);
    await send(clientOf(plain, 'extended'), 'echo', { at });
    expect(seen).toEqual([{ $extended: flatten({ at }) }]);
    expect(await send(clientOf(extended, 'plain'), 'echo', { at })).toEqual({ at: at.toJSON() });
    await expect(send(clientOf(extended, 'plain'), 'echo', { n: 1n })).rejects.toMatchObject({
      code: 'ERR_MDSF_BIGINT',
    });
  });
});

describe('a hostile text', () => {
  const limits = { ...DEFAULT_LIMITS, maxMessageNodes: 1000, maxDepth: 16 };
  const types = new ExtendedTypes(limits);
  const read = (text: string): unknown =>
    (types.serverDeserializer.deserialize({ data: { $extended: text } }) as { data: unknown }).data;
  const chain = (length: number): string =>
    JSON.stringify([...Array.from({ length }, (_, index) => [index + 1]), 1]);

  test.each([
    ['no JSON', '['],
    ['no text of devalue', '{}'],
    ['nothing', '[]'],
    ['an unknown type', '[["Uint8Array",1],["ArrayBuffer","AAAA"]]'],
    ['a buffer', '[["ArrayBuffer","AAAA"]]'],
    ['a type of the prototype', '[["constructor",1],1]'],
    ['a bigint of a million digits', `[["BigInt","${'9'.repeat(1_000_000)}"]]`],
    ['a bigint that is a hexadecimal number', '[["BigInt","0xff"]]'],
    ['a long RegExp', `[["RegExp","${'a'.repeat(10_000)}"]]`],
    ['a RegExp that is none', '[["RegExp","("]]'],
    ['a URL that is none', '[["URL","x"]]'],
    ['a long array of holes', '[[-7,4000000000,0,1],1]'],
    ['many arrays of holes', JSON.stringify([[1, 2, 3], [-7, 600], [-7, 600], 1])],
    ['more values than may be', JSON.stringify([Array.from({ length: 2000 }, () => 1), 1])],
    [
      'more dates than may be',
      JSON.stringify([
        Array.from({ length: 200 }, () => 1),
        ...Array.from({ length: 200 }, () => ['Date', 'x']),
      ]),
    ],
    ['more levels than may be', chain(50)],
    ['more levels than the stack has', chain(900)],
    ['a prototype', '[{"__proto__":1},{"isAdmin":2},true]'],
    ['an endless value', '[["Plain",0]]'],
    ['an endless Error', '[["Error",0]]'],
    ['an index beyond', '[[5]]'],
    ['an index that is none', '[["Map","x",1],1]'],
    ['bytes that are no text', '[["Bytes",1],[2],5]'],
    ['an Error of a number', '[["Error",1],5]'],
  ])('is refused: %s', async (_what, text) => {
    await types.ready;
    expect(() => read(text)).toThrow();
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  test('may name members as it likes: an Error stays one, and has no foreign prototype', async () => {
    await types.ready;
    const text = '[["Error",1],{"name":2,"message":3,"toString":3,"stack":3,"constructor":3},"Nobody",5]';
    const error = read(text) as Error;
    expect([error instanceof Error, error.name, error.message]).toEqual([true, 'Nobody', '']);
    expect(Object.getPrototypeOf(error)).toBe(Error.prototype);
    expect(error.stack).not.toBe(5);
  });

  test('fails its call alone, without a word of why', async () => {
    const client = clientOf(await serve('extended'), 'plain');
    await expect(send(client, 'echo', { $extended: '[["constructor",1],1]' })).rejects.toMatchObject({
      message: 'Internal server error',
    });
    expect([await send(client, 'echo', 1), seen]).toEqual([1, [1]]);
  });
});

describe('the option types', () => {
  test('is checked, and stands in the place of serializers', () => {
    for (const make of [
      (options: object) => new JstpServer(options),
      (options: object) => new JstpClient(options),
    ]) {
      expect(() => make({ types: 'all' })).toThrow(/types must be 'plain' or 'extended'/);
      const serializer = { serialize: () => 1 };
      expect(() => make({ types: 'extended', serializer })).toThrow(/types must be plain where a serializer/);
      expect(() => make({ types: 'plain', serializer })).not.toThrow();
    }
  });

  test('says at the start that the package is missing', async () => {
    const types = new ExtendedTypes(DEFAULT_LIMITS, () => Promise.reject(new Error('Cannot find package')));
    await expect(types.ready).rejects.toMatchObject({
      code: 'ERR_JSTP_PACKAGE_MISSING',
      message: expect.stringContaining('npm install devalue') as unknown,
    });
    await expect(types.clientSerializer.serialize({ data: 1 })).rejects.toMatchObject({
      code: 'ERR_JSTP_PACKAGE_MISSING',
    });
  });
});
