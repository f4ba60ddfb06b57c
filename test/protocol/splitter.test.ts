import { describe, expect, it } from '@jest/globals';
import { ATTACHED_HEADER_BYTES, writeAttachedHeader } from '../../lib/protocol/attached-message.js';
import { ProtocolError } from '../../lib/protocol/protocol-error.js';
import { MessageSplitter } from '../../lib/protocol/splitter.js';

const MESSAGES = ["{call:[1,'привіт'],m:['€\u{1f600}']}", '{}', "{ping:[2],x:'" + 'y'.repeat(40) + "'}"];
const STREAM = Buffer.from(MESSAGES.map((text) => `${text}\0`).join(''));

/** A splitter and what it has delivered. */
function setUp(maxMessageBytes = 1000, allocate?: (size: number) => Uint8Array) {
  const splitter = new MessageSplitter({ maxMessageBytes, allocate });
  const messages: string[] = [];
  const sink = (message: Uint8Array): boolean => messages.push(Buffer.from(message).toString()) > 0;
  return { splitter, messages, sink, push: (chunk: Uint8Array) => splitter.push(chunk, sink) };
}

/** A message with bytes behind its text, all of them others. */
function attached(size: number): Buffer {
  const header = Buffer.alloc(ATTACHED_HEADER_BYTES);
  const text = Buffer.from('{}');
  writeAttachedHeader(header, text.length, size);
  return Buffer.concat([
    header,
    text,
    Buffer.from(Uint8Array.from({ length: size }, (_, index) => index * 31 + size)),
  ]);
}

describe('MessageSplitter', () => {
  it('cuts a chunk of several messages, as views of it', () => {
    const splitter = new MessageSplitter({ maxMessageBytes: 1000 });
    const views: Uint8Array[] = [];
    splitter.push(STREAM, (message) => views.push(message) > 0);
    expect(views.map(String)).toStrictEqual(MESSAGES);
    for (const view of views) expect(view.buffer).toBe(STREAM.buffer);
    expect(splitter.isIdle).toBe(true);
  });

  it('gives the same messages wherever the stream is split in two or three', () => {
    for (let first = 0; first <= STREAM.length; first++) {
      for (let second = first; second <= STREAM.length; second++) {
        const { messages, push } = setUp();
        push(STREAM.subarray(0, first));
        push(STREAM.subarray(first, second));
        push(STREAM.subarray(second));
        expect(messages).toStrictEqual(MESSAGES);
      }
    }
  });

  it.each([1, 2, 3, 7, 511, 512, 513, 4095, 4096, 4097, 70_000])(
    'gives the same messages in chunks of %i bytes',
    (size) => {
      const long = ['a'.repeat(100_000), 'я'.repeat(50_000), 'b', 'c'.repeat(4096)];
      const stream = Buffer.from(long.map((text) => `${text}\0`).join(''));
      const { splitter, messages, push } = setUp(200_000);
      for (let at = 0; at < stream.length; at += size) push(Uint8Array.from(stream.subarray(at, at + size)));
      expect(messages).toStrictEqual(long);
      expect(splitter.isIdle).toBe(true);
    },
  );

  it.each([1, 100, 4096, 5000, 70_000])(
    'gives the same messages where chunks of %i bytes are of one memory, or in the room that it gives',
    (size) => {
      const texts = ['a'.repeat(20), 'b'.repeat(9000), 'c'];
      const counted = [attached(6000), attached(90_000), attached(4)];
      const stream = Buffer.concat(
        texts.flatMap((text, index) => [Buffer.from(`${text}\0`), counted[index]]),
      );
      const { splitter } = setUp(200_000);
      const scratch = Buffer.alloc(size);
      const kept: Uint8Array[] = [];
      const sink = (message: Uint8Array): boolean => {
        // Those with their lengths are good for ever.
        kept.push(message[0] === 1 ? message : Uint8Array.from(message));
        return kept.length % 2 === 0;
      };
      let direct = 0;
      for (let at = 0; at < stream.length;) {
        const room = splitter.roomFor(1000);
        const chunk = (room ?? scratch).subarray(0, Math.min(room?.length ?? size, size, stream.length - at));
        at += stream.copy(chunk, 0, at, at + chunk.length);
        if (room) direct += chunk.length;
        splitter.push(chunk, sink, !room);
        scratch.fill(0xff);
        for (let n = 0; n < 2 * texts.length; n++) splitter.resume(sink);
      }
      const expected = texts.flatMap((text, index) => [Buffer.from(text), counted[index]]);
      expect(kept.map((message) => Buffer.from(message).equals(expected[kept.indexOf(message)]))).toEqual(
        expected.map(() => true),
      );
      expect(direct > 0).toBe(true);
      expect(splitter.isIdle).toBe(true);
    },
  );

  it('gives no room while the sink has stopped, and none where less is awaited', () => {
    const { splitter, push } = setUp(200_000);
    push(attached(5000).subarray(0, 3000));
    expect(splitter.roomFor(2100)).toBeUndefined();
    expect(splitter.roomFor(2000)).toHaveLength(attached(5000).length - 3000);
    splitter.push(attached(5000).subarray(3000), () => false);
    push(attached(5000).subarray(0, 3000));
    expect(splitter.roomFor(1)).toBeUndefined();
  });

  it('leaves a message of several chunks as it is while a sink makes another splitter go on', () => {
    const inner = setUp();
    const { splitter, messages } = setUp();
    splitter.push(Buffer.from('outer mes'), () => true);
    splitter.push(Buffer.from('sage\0'), (message) => {
      inner.push(Buffer.from('inner '));
      inner.push(Buffer.from('message\0'));
      return messages.push(Buffer.from(message).toString()) > 0;
    });
    expect([...messages, ...inner.messages]).toStrictEqual(['outer message', 'inner message']);
  });

  it('gives the same messages for chunks of changing sizes', () => {
    const text = 'abcdefghij'.repeat(5000);
    const { messages, push } = setUp(100_000);
    const stream = Buffer.from(`${text}\0`);
    for (let at = 0, i = 0; at < stream.length; i++) {
      const size = [1, 5000, 3, 4096, 600][i % 5];
      push(stream.subarray(at, at + size));
      at += size;
    }
    expect(messages).toStrictEqual([text]);
  });

  it('copies each byte twice at most and searches it once, however small the chunks', () => {
    for (const size of [1, 10, 1024, 8192]) {
      let copied = 0;
      let searched = 0;
      class Counting extends Uint8Array {
        override set(from: ArrayLike<number>, offset?: number): void {
          copied += from.length;
          super.set(from, offset);
        }
        override indexOf(byte: number, from = 0): number {
          const at = super.indexOf(byte, from);
          searched += (at === -1 ? this.length : at + 1) - from;
          return at;
        }
      }
      const total = 100_000;
      const { messages, push } = setUp(total, (length) => new Counting(length));
      const chunk = new Counting(size).fill(97);
      for (let sent = 0; sent < total; sent += size) push(chunk.subarray(0, Math.min(size, total - sent)));
      push(new Counting(1));
      expect(messages[0]).toHaveLength(total);
      expect(copied).toBeLessThanOrEqual(2 * total);
      expect(searched).toBe(total + 1);
    }
  });

  it('keeps little more than the bytes of a message in small chunks', () => {
    let allocated = 0;
    const { push } = setUp(1_000_000, (size) => {
      allocated += size;
      return new Uint8Array(size);
    });
    const chunk = new Uint8Array(1).fill(97);
    for (let i = 0; i < 300_000; i++) push(chunk);
    expect(allocated).toBeLessThan(2 * 300_000 + 1024);
  });

  it.each([200_000, 1_500_000])('joins messages of %i bytes one after another in the same memory', (size) => {
    const half = new Uint8Array(size / 2).fill(120);
    const end = Uint8Array.from([...half, 0]);
    let allocations = 0;
    const { splitter } = setUp(size, (bytes) => {
      allocations += 1;
      return new Uint8Array(bytes);
    });
    const memory: ArrayBufferLike[] = [];
    for (let count = 0; count < 3; count++) {
      splitter.push(half, () => true);
      splitter.push(end, (message) => memory.push(message.buffer) > 0);
    }
    expect([memory.length, new Set(memory).size, allocations <= 1]).toEqual([3, 1, true]);
  });

  it('throws for an empty message, after those before it', () => {
    const { splitter, messages, push } = setUp();
    expect(() => {
      push(Buffer.from('{a:1}\0{b:2}\0\0{c:3}\0'));
    }).toThrow(ProtocolError);
    expect(messages).toStrictEqual(['{a:1}', '{b:2}']);
    expect(splitter.isIdle).toBe(true);
  });

  it('throws for a NUL alone', () => {
    const { push } = setUp();
    expect(() => {
      push(Uint8Array.of(0));
    }).toThrow(expect.objectContaining({ code: 'ERR_JSTP_PROTOCOL', message: 'Empty message' }));
  });

  it('takes a message of just the limit, in one chunk or many', () => {
    const { messages, push } = setUp(10);
    push(Buffer.from('0123456789\0'));
    for (const byte of Buffer.from('9876543210\0')) push(Uint8Array.of(byte));
    expect(messages).toStrictEqual(['0123456789', '9876543210']);
  });

  it('throws at the first byte over the limit, whether its end has come or not, and holds nothing', () => {
    for (const chunks of [
      ['0123456789a'],
      ['0123456789a\0'],
      ['01234', '56789a'],
      ['0123456789', 'a'],
      ['0123456789', 'a\0'],
    ]) {
      const { splitter, messages, push } = setUp(10);
      push(Buffer.from('{ok:1}\0'));
      expect(() => {
        for (const chunk of chunks) push(Buffer.from(chunk));
      }).toThrow('Message of more than 10 bytes');
      expect(messages).toStrictEqual(['{ok:1}']);
      expect(splitter.isIdle).toBe(true);
    }
  });

  it('delivers what stands before a message over the limit in the same chunk', () => {
    const { messages, push } = setUp(10);
    expect(() => {
      push(Buffer.from('{a:1}\0{b:2}\0{much too long for this}\0{c:3}\0'));
    }).toThrow(ProtocolError);
    expect(messages).toStrictEqual(['{a:1}', '{b:2}']);
  });

  it('stops where the sink says so, keeps the rest and goes on when asked', () => {
    const splitter = new MessageSplitter({ maxMessageBytes: 100 });
    const got: string[] = [];
    const stopAtTwo = (message: Uint8Array): boolean => got.push(Buffer.from(message).toString()) % 2 !== 0;
    splitter.push(Buffer.from('{a:1}\0{a:2}\0{a:3}\0{a:4}\0{a:5}\0{a'), stopAtTwo);
    expect(got).toStrictEqual(['{a:1}', '{a:2}']);
    splitter.push(Buffer.from(':6}\0{a:7'), stopAtTwo);
    splitter.push(Buffer.from('}\0'), stopAtTwo);
    expect(got).toHaveLength(2);
    expect(splitter.isIdle).toBe(false);
    splitter.resume(stopAtTwo);
    expect(got).toStrictEqual(['{a:1}', '{a:2}', '{a:3}', '{a:4}']);
    splitter.resume(stopAtTwo);
    expect(got.slice(4)).toStrictEqual(['{a:5}', '{a:6}']);
    splitter.resume(stopAtTwo);
    expect(got).toHaveLength(7);
    expect(splitter.isIdle).toBe(true);
  });

  it('drops the rest where it is cleared', () => {
    const splitter = new MessageSplitter({ maxMessageBytes: 100 });
    const got: string[] = [];
    splitter.push(Buffer.from('{a:1}\0{a:2}\0{a'), (message) => {
      got.push(Buffer.from(message).toString());
      splitter.clear();
      return false;
    });
    splitter.clear();
    expect(splitter.isIdle).toBe(false);
    splitter.resume(() => true);
    expect(got).toStrictEqual(['{a:1}']);
    splitter.push(Buffer.from('{b'), () => true);
    splitter.clear();
    splitter.push(Buffer.from('{c:1}\0'), (message) => got.push(Buffer.from(message).toString()) > 0);
    expect(got).toStrictEqual(['{a:1}', '{c:1}']);
  });

  it('waits with the error of a bad message until it is its turn', () => {
    const splitter = new MessageSplitter({ maxMessageBytes: 100 });
    splitter.push(Buffer.from('{a:1}\0\0'), () => false);
    expect(() => {
      splitter.resume(() => true);
    }).toThrow(ProtocolError);
  });

  it('is idle where a new one would do as well', () => {
    const splitter = new MessageSplitter({ maxMessageBytes: 100 });
    const seen = [splitter.isIdle];
    splitter.push(Buffer.from('{a:1}\0{'), () => true);
    seen.push(splitter.isIdle);
    splitter.push(Buffer.from('}\0'), () => false);
    seen.push(splitter.isIdle);
    splitter.resume(() => true);
    seen.push(splitter.isIdle);
    expect(seen).toEqual([true, false, false, true]);
  });

  it('takes chunks of no bytes', () => {
    const { messages, push } = setUp();
    push(new Uint8Array(0));
    push(Buffer.from('{}'));
    push(new Uint8Array(0));
    push(Buffer.from('\0'));
    expect(messages).toStrictEqual(['{}']);
  });
});

/** A message that begins with its lengths. */
function counted(text: string, bytes: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header[0] = 1;
  header.writeUInt32BE(text.length, 1);
  header.writeUInt32BE(bytes.length, 5);
  return Buffer.concat([header, Buffer.from(text), bytes]);
}

describe('MessageSplitter, with messages that begin with their lengths', () => {
  const bytes = Buffer.from([0, 1, 0, 255, 1]);
  const messages = [
    Buffer.from('{}'),
    counted('{a:[`:5`]}', bytes),
    counted('{}', Buffer.alloc(700, 1)),
    Buffer.from('{b:1}'),
  ];
  const stream = Buffer.concat(
    messages.flatMap((message) => (message[0] === 1 ? [message] : [message, Buffer.alloc(1)])),
  );

  it('gives the same messages wherever the stream is split in two', () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const splitter = new MessageSplitter({ maxMessageBytes: 1000 });
      const given: Buffer[] = [];
      const sink = (message: Uint8Array): boolean => given.push(Buffer.from(message)) > 0;
      splitter.push(stream.subarray(0, cut), sink);
      expect(splitter.isIdle).toBe(splitter.unfinished === undefined);
      splitter.push(stream.subarray(cut), sink);
      expect(given.map((message) => message.toString('hex'))).toEqual(
        messages.map((one) => one.toString('hex')),
      );
      expect([splitter.isIdle, splitter.held]).toEqual([true, 0]);
    }
  });

  it.each([1, 3, 8, 9, 10, 511, 4096, 65_536])(
    'gives them in chunks of %i bytes, and stops between them',
    (size) => {
      const large = [counted('{a:1}', Buffer.alloc(200_000, 7)), counted('{b:1}', Buffer.alloc(90_000, 8))];
      const splitter = new MessageSplitter({ maxMessageBytes: 300_000 });
      const given: Buffer[] = [];
      const sink = (message: Uint8Array): boolean => given.push(Buffer.from(message)) === 0;
      const all = Buffer.concat(large);
      for (let at = 0; at < all.length; at += size)
        splitter.push(Uint8Array.from(all.subarray(at, at + size)), sink);
      expect(given).toHaveLength(1);
      splitter.resume(sink);
      expect(Buffer.concat(given).equals(all)).toBe(true);
    },
  );

  it('refuses one over the limit by its lengths alone, before anything is allocated for it', () => {
    const allocated: number[] = [];
    const allocate = (size: number): Uint8Array => new Uint8Array(allocated.push(size) && size);
    const header = counted('', Buffer.alloc(0));
    for (const [text, rest] of [
      [1000, 0],
      [0, 1000],
      [0xffffffff, 0xffffffff],
    ]) {
      header.writeUInt32BE(text, 1);
      header.writeUInt32BE(rest, 5);
      const splitter = new MessageSplitter({ maxMessageBytes: 1000, allocate });
      expect(() => splitter.push(header, () => true)).toThrow(ProtocolError);
      const slow = new MessageSplitter({ maxMessageBytes: 1000, allocate });
      expect(() => {
        for (const byte of header) slow.push(Uint8Array.of(byte), () => true);
      }).toThrow('more than 1000 bytes');
      expect([slow.held, slow.isIdle]).toEqual([0, true]);
    }
    expect(Math.max(...allocated)).toBeLessThanOrEqual(512);
  });

  it('reads what is behind a large one from other memory, so that its own can be given away', () => {
    const large = counted('{a:1}', Buffer.alloc(5000, 7));
    const chunk = Uint8Array.from(Buffer.concat([Buffer.from('{}\0'), large, Buffer.from('{b:1}\0{c:')]));
    const splitter = new MessageSplitter({ maxMessageBytes: 10_000 });
    const given: string[] = [];
    splitter.push(chunk, (message) => {
      given.push(Buffer.from(message).toString('latin1', 0, 20));
      if (message[0] === 1) structuredClone(message.buffer, { transfer: [message.buffer as ArrayBuffer] });
      return true;
    });
    splitter.push(Buffer.from('1}\0'), (message) => given.push(Buffer.from(message).toString('latin1')) > 0);
    expect(given).toEqual(['{}', large.toString('latin1', 0, 20), '{b:1}', '{c:1}']);
  });

  it('holds no more memory than thirty-two times what has arrived', () => {
    const all = counted('{}', Buffer.alloc(5_000_000));
    const splitter = new MessageSplitter({ maxMessageBytes: 8_000_000 });
    for (let at = 0; at < all.length; at += 1000) {
      splitter.push(all.subarray(at, at + 1000), () => true);
      expect(splitter.held).toBeLessThanOrEqual(Math.min(32 * (at + 1000), all.length));
    }
  });
});
