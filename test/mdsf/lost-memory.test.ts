import { describe, expect, test } from '@jest/globals';
import { Application, type Connection } from '../../lib/core.js';
import { parse, stringify } from '../../lib/mdsf/index.js';
import { formatCall } from '../../lib/protocol/format-message.js';
import { DEFAULT_LIMITS } from '../../lib/protocol/limits.js';
import { createTestingPair } from '../../lib/testing/index.js';
import { API } from '../support/core.js';

const BYTES = { bytes: true } as const;
const LOST = expect.objectContaining({ name: 'MdsfStringifyError', code: 'ERR_MDSF_DETACHED' });

/** Memory that may be resized. Why not by its type: that of ES2024 is not among those that are compiled against. */
interface Resizable extends ArrayBuffer {
  resize(size: number): void;
}
const Memory = ArrayBuffer as unknown as new (size: number, options: { maxByteLength: number }) => Resizable;

function transferred<T extends ArrayBufferView | ArrayBuffer>(value: T): T {
  const memory = ArrayBuffer.isView(value) ? value.buffer : value;
  structuredClone(memory, { transfer: [memory as ArrayBuffer] });
  return value;
}

function shrunk(make: (memory: Resizable) => ArrayBufferView): ArrayBufferView {
  const memory = new Memory(8, { maxByteLength: 16 });
  const view = make(memory);
  memory.resize(2);
  return view;
}

/** Whether bytes arrive, read as they are written. */
function arrives(value: unknown): unknown {
  return parse(stringify(value, BYTES), BYTES);
}

describe('bytes whose memory is gone', () => {
  test.each<[string, () => unknown]>([
    ['a Buffer', () => transferred(Buffer.from(new ArrayBuffer(8)))],
    ['a large one', () => transferred(new Uint8Array(100_000))],
    ['an ArrayBuffer', () => transferred(new ArrayBuffer(8))],
    ['a DataView', () => transferred(new DataView(new ArrayBuffer(8)))],
    ['a Float64Array', () => transferred(new Float64Array(2))],
    ['a BigInt64Array', () => transferred(new BigInt64Array(2))],
    ['a view beyond the end of memory that shrank', () => shrunk((memory) => new Uint8Array(memory, 4, 4))],
    ['a DataView beyond it', () => shrunk((memory) => new DataView(memory, 0, 8))],
  ])('are an error that says where: %s', (_title, make) => {
    const value = [1, { files: [{ content: make() }] }];
    for (const bytes of [true, false, 'refuse'] as const) {
      expect(() => stringify(value, { bytes, attaches: true })).toThrow(LOST);
      expect(() => stringify(value, { bytes })).toThrow(
        'Bytes at [1].files[0].content cannot be read: their memory was transferred',
      );
    }
    expect(() => stringify([new Array(50).fill({ a: 1 }), make()])).toThrow(LOST);
  });

  test('are an error, too, where a value behind them has taken it', () => {
    const content = new Uint8Array(10_000);
    const memory = new Memory(10_000, { maxByteLength: 10_000 });
    const bare = new Memory(10_000, { maxByteLength: 10_000 });
    const values = [
      [content, { toJSON: () => transferred(content).length }],
      [new Uint8Array(memory), { toJSON: () => memory.resize(10) }],
      [bare, { toJSON: () => bare.resize(10) }],
    ];
    const writing = { limits: DEFAULT_LIMITS, extensions: { bytes: true } };
    for (const value of values)
      expect(() => formatCall(1, 'any', 'called', value, undefined, writing)).toThrow(LOST);
  });

  test('fail a call or an answer alone: the connection lives on', async () => {
    const pair = await createTestingPair({
      applications: [
        new Application<Connection>('app', {
          ...API,
          lost: { get: (_connection: Connection, done: (e: null, r: unknown) => void) => done(null, lost()) },
        }),
      ],
    });
    const lost = (): unknown => transferred(new Uint8Array(8));
    pair.client.on('error', () => undefined);
    pair.remote.on('error', () => undefined);
    await expect(pair.client.callMethod('echo', 'back', [lost()])).rejects.toEqual(LOST);
    await expect(pair.client.callMethod('lost', 'get', [])).rejects.toMatchObject({ code: 16 });
    expect(await pair.client.callMethod('echo', 'back', [1])).toBe(1);
    await pair.close();
  });
});

describe('bytes of any memory', () => {
  test.each<[string, () => unknown, number[]]>([
    ['a SharedArrayBuffer by itself', () => shared().buffer, [1, 2, 3]],
    ['a view of one', () => shared().subarray(1), [2, 3]],
    ['a view that follows the length of its memory', () => grown(), [0, 0, 0, 0]],
    [
      'an empty view of memory that may be resized',
      () => new Uint8Array(new Memory(0, { maxByteLength: 8 })),
      [],
    ],
    ['a DataView of nothing', () => new DataView(new ArrayBuffer(0)), []],
    ['bigints', () => new BigInt64Array([1n]), [1, 0, 0, 0, 0, 0, 0, 0]],
  ])('arrive as they are: %s', (_title, make, expected) => {
    expect(arrives([make()])).toEqual([Buffer.from(expected)]);
    expect(arrives([new Array(50).fill({ a: 1 }), make()])).toEqual([
      new Array(50).fill({ a: 1 }),
      Buffer.from(expected),
    ]);
  });

  test('of shared memory are a copy, whatever is written to it later', () => {
    const memory = new Uint8Array(new SharedArrayBuffer(10_000)).fill(1);
    const message = formatCall(1, 'any', 'called', [memory.buffer], undefined, {
      limits: DEFAULT_LIMITS,
      extensions: { bytes: true },
    });
    memory.fill(2);
    expect(message).toMatchObject({ bytes: Buffer.alloc(10_000, 1) });
  });

  test('are what they are named, and nothing that only says so', () => {
    for (const name of ['ArrayBuffer', 'SharedArrayBuffer'])
      expect(
        stringify(
          [
            { [Symbol.toStringTag]: name, a: 1 },
            new (class {
              get [Symbol.toStringTag]() {
                return name;
              }
            })(),
          ],
          BYTES,
        ),
      ).toBe('[{a:1},{}]');
  });
});

function shared(): Uint8Array {
  const view = new Uint8Array(new SharedArrayBuffer(3));
  view.set([1, 2, 3]);
  return view;
}

function grown(): Uint8Array {
  const memory = new Memory(2, { maxByteLength: 8 });
  const view = new Uint8Array(memory);
  memory.resize(4);
  return view;
}
