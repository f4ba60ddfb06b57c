import { once } from 'node:events';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeParts, writeText } from '../../lib/transport/socket/write-text.js';
import { turns } from '../support/quiet.js';

const PIECE = 128 * 1024;

/** Texts that are written in one and in several pieces, with characters of all lengths where they are cut. */
const TEXTS: Readonly<Record<string, string>> = {
  short: 'short',
  'ASCII of one piece': 'a'.repeat(PIECE),
  'ASCII of many pieces': 'abcdefg'.repeat(100_000),
  Latin: 'é'.repeat(PIECE + 1),
  'three bytes a unit': '€'.repeat(2 * PIECE + 1),
  'a surrogate pair at the cut': 'a'.repeat(PIECE - 1) + '\u{1f600}'.repeat(PIECE),
  'a surrogate pair before the cut': '\u{1f600}'.repeat(PIECE),
};

describe('writeText', () => {
  let server: net.Server;
  let writer: net.Socket;
  let reader: net.Socket;

  beforeEach(async () => {
    server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    writer = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    [reader] = (await once(server, 'connection')) as [net.Socket];
    if (writer.connecting) await once(writer, 'connect');
  });

  afterEach(() => {
    writer.destroy();
    reader.destroy();
    server.close();
  });

  /** All that has been written, once the writer has ended. */
  async function readAll(): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of reader) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  }

  it.each(Object.keys(TEXTS))('writes %s', async (name) => {
    const text = TEXTS[name] ?? '';
    writeText(writer, text);
    writer.end();
    expect((await readAll()) === text).toBe(true);
  });

  it('writes the parts of a text, with room left in the memory for none, some or all of the next one', async () => {
    const parts = ['head', 'a'.repeat(PIECE - 5), '\u{1f600}'.repeat(PIECE), '€'.repeat(PIECE), '', 'tail'];
    writeParts(writer, parts);
    writer.end();
    expect((await readAll()) === parts.join('')).toBe(true);
  });

  it('writes the parts of a text that has to wait', async () => {
    let expected = '';
    while (writer.writableLength === 0) {
      writeText(writer, 'x'.repeat(PIECE));
      expected += 'x'.repeat(PIECE);
    }
    const parts = ['head é', 'a'.repeat(PIECE - 5), '\u{1f600}'.repeat(PIECE), '', '€'.repeat(PIECE), 'tail'];
    expect(writeParts(writer, parts)).toBe(false);
    writer.end();
    expect((await readAll()) === expected + parts.join('')).toBe(true);
  });

  it('keeps the order, and each text as it was, for a peer that does not read', async () => {
    const texts = Array.from({ length: 100 }, (_, index) => String(index % 10).repeat(PIECE + 7));
    // Of both kinds: those that find room, and those that wait in the socket.
    const answers = texts.map((text, index) =>
      index % 2 === 0 ? writeText(writer, text) : writeParts(writer, ['', text.slice(0, 5), text.slice(5)]),
    );
    expect(answers).toContain(false);
    expect(writer.writableLength).toBeGreaterThan(0);
    await turns();
    const received = readAll();
    await once(writer, 'drain');
    writeText(writer, texts[0] ?? '');
    writer.end();
    expect((await received) === texts.join('') + (texts[0] ?? '')).toBe(true);
  });

  it('leaves a text as it was that waits in one socket while another one is written to', async () => {
    let expected = '';
    while (writer.writableLength === 0) {
      const text = String(expected.length % 9).repeat(PIECE);
      writeText(writer, text);
      expected += text;
    }
    const other = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    await once(other, 'connect');
    writeText(other, 'x'.repeat(2 * PIECE));
    other.destroy();
    writer.end();
    expect((await readAll()) === expected).toBe(true);
  });

  it("gives no memory that is used again to a write that somebody has put in the place of the socket's", () => {
    const kept: unknown[] = [];
    writer.write = (chunk: unknown) => kept.push(chunk) > 0;
    writeText(writer, 'a'.repeat(PIECE));
    writeText(writer, 'b'.repeat(PIECE));
    expect(kept.map(String)).toEqual(['a'.repeat(PIECE), 'b'.repeat(PIECE)]);
  });
});
