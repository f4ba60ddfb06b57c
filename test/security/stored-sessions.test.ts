import { afterEach, describe, expect, test } from '@jest/globals';
import { Session, type Limits, type SharedSessionStorageProvider } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { ServerOnTheWire, SESSION_LOST } from '../support/resume-wire.js';
import { guardProcess } from './arena.js';
import { ENTRY_BYTES } from '../../lib/session/journal.js';

const closing = new Closing();

guardProcess();
afterEach(() => closing.run());

/** The text of a session that was sent messages, and serves calls. */
function textOf(messages: readonly string[], serving: number): string {
  return JSON.stringify({
    format: 1,
    username: 'ann',
    receivedCount: serving,
    guaranteedDeliveredCount: 0,
    latestBufferedMessageId: messages.length,
    buffer: messages.map((text, index) => [index + 1, text]),
    storage: [],
    binding: { application: 'app', extensions: ['cancel', 'resume', 'stream'] },
    serving: Array.from({ length: serving }, (_, index) => index + 1),
  });
}

interface Stored {
  readonly wire: ServerOnTheWire;
  readonly errors: string[];
  readonly deleted: string[];
}

/** A server whose store has one session, in the way of a store that servers share. */
async function start(stored: string | (() => Session), limits: Partial<Limits> = {}): Promise<Stored> {
  const read = (id: string, known?: Limits): Session =>
    typeof stored === 'string' ? Session.deserialize(id, stored, known) : stored();
  const deleted: string[] = [];
  const done = async (): Promise<void> => undefined;
  const store: SharedSessionStorageProvider = {
    writeThrough: false,
    serve: () => done,
    create: done,
    claim: async (id, request) => read(id, request?.limits),
    get: async (id) => read(id),
    revive: done,
    save: done,
    set: done,
    release: done,
    delete: async (id) => void deleted.push(id),
  };
  const wire = await ServerOnTheWire.start(closing, { sessionStorageProvider: store, limits });
  const errors: string[] = [];
  wire.server.on('storageError', (error) => errors.push(String(error)));
  return { wire, errors, deleted };
}

/** What a client hears that asks for the session. */
async function resume({ wire }: Stored): Promise<string | undefined> {
  return (await (await wire.resume('stored', 0)).received(1))[0];
}

/** Asserts that the session is refused, for a reason, and that others are served. */
async function expectRefused(stored: Stored, reason: string): Promise<void> {
  expect(await resume(stored)).toBe(SESSION_LOST);
  expect(stored.errors).toEqual([expect.stringContaining(reason)]);
  await (await stored.wire.login()).peer.pong();
}

describe('a stored session', () => {
  test('that serves as many calls as there may be is resumed: its caller hears that the answers are lost', async () => {
    const stored = await start(textOf([], 10_000));
    const peer = await stored.wire.resume('stored', 0);
    const texts = await peer.received(10_001);
    expect(texts[0]).toContain('ok:10000');
    expect(texts.slice(1, 10_001).every((text) => /^\{callback:\[\d+\],error:\[-1\]\}$/.test(text))).toBe(
      true,
    );
    expect(stored.errors).toEqual([]);
  });

  test.each([10_001, 300_000])('that serves %d calls is refused, and deleted', async (serving) => {
    const stored = await start(textOf([], serving));
    await expectRefused(stored, 'more calls in service than limits.maxCallsInFlight');
    expect(stored.deleted).toEqual(['stored']);
  });

  test('with as many messages as a full journal and its answers is resumed, and with more it is refused', async () => {
    const most = 210_000;
    const texts = Array.from({ length: most + 1 }, (_, index) => `{event:[-${String(index + 1)},'a'],b:[]}`);
    const stored = await start(textOf(texts.slice(0, most), 0));
    expect(await resume(stored)).toContain('ok:0');
    expect(stored.errors).toEqual([]);
    await expectRefused(await start(textOf(texts, 0)), 'more unacknowledged messages than');
  });

  test('with as many bytes as a full journal and its answers is resumed, and with more it is refused', async () => {
    const withBytes = (bytes: number) => (): Session => {
      const session = Session.deserialize('stored', textOf([], 0));
      session.journal.append('x'.repeat(bytes - ENTRY_BYTES));
      return session;
    };
    // Twice the default of journalMaxBytes, and a message.
    const most = 136 * 1024 * 1024;
    const stored = await start(withBytes(most));
    // Its client has received all of it.
    expect((await (await stored.wire.resume('stored', 1)).received(1))[0]).toContain('ok:0');
    await expectRefused(await start(withBytes(most + 1)), 'have more bytes than limits.journalMaxBytes');
  });

  test('is served within the limits of a server that has larger ones', async () => {
    const stored = await start(textOf([], 10_001), { maxCallsInFlight: 10_001 });
    expect(await resume(stored)).toContain('ok:10001');
  });

  test('with a text beyond limits.maxSessionTextLength is refused unread, and stays in its store', async () => {
    const text = textOf([], 3);
    const kept = await start(text, { maxSessionTextLength: text.length });
    expect(await resume(kept)).toContain('ok:3');
    const stored = await start(text, { maxSessionTextLength: text.length - 1 });
    await expectRefused(stored, 'more than limits.maxSessionTextLength');
    expect(stored.deleted).toEqual([]);
  });
});
