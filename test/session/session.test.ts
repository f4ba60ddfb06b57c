import { describe, expect, test } from '@jest/globals';
import { Session } from '../../lib/core.js';
import { formatCallbackOk } from '../../lib/protocol/format-message.js';
import { ENTRY_BYTES, Journal } from '../../lib/session/journal.js';
import { LiveSession } from '../../lib/session/live-session.js';
import { collectGarbage } from '../support/garbage.js';

function filled(count: number): Journal {
  const journal = new Journal();
  for (let n = 1; n <= count; n++) journal.append(`text ${String(n)}`);
  return journal;
}

describe('a journal', () => {
  test('gives numbers from 1 and holds the texts in order', () => {
    const journal = filled(3);
    expect(journal.lastId).toBe(3);
    expect([...journal]).toEqual([
      { id: 1, message: 'text 1' },
      { id: 2, message: 'text 2' },
      { id: 3, message: 'text 3' },
    ]);
    expect(journal.textLength).toBe(18);
  });

  test('counts beside the texts what it takes of memory to hold each of them', () => {
    const journal = filled(2);
    journal.appendUnnumbered('an answer');
    expect(journal.bytes).toBe('text 1text 2an answer'.length + 3 * ENTRY_BYTES);
    journal.acknowledge(1);
    expect(journal.bytes).toBe('text 2an answer'.length + 2 * ENTRY_BYTES);
    journal.replace(1, 'another text');
    expect(journal.bytes).toBe('another textan answer'.length + 2 * ENTRY_BYTES);
    const copy = new Journal();
    copy.restore(2, 1, [...journal]);
    expect([copy.bytes, copy.textLength]).toEqual([journal.bytes, 'another textan answer'.length]);
    copy.giveUp();
    expect([copy.bytes, copy.textLength]).toEqual([0, 0]);
  });

  test('frees what is acknowledged, and only ever more', () => {
    const journal = filled(5);
    journal.acknowledge(3);
    expect([...journal].map(({ id }) => id)).toEqual([4, 5]);
    journal.acknowledge(2);
    journal.acknowledge(-4);
    journal.acknowledge(6);
    journal.acknowledge(1e12);
    expect(journal.acknowledged).toBe(3);
    journal.acknowledge(5);
    expect([journal.size, journal.bytes, journal.textLength]).toEqual([0, 0, 0]);
  });

  test('counts small answers as no less than they take of memory', async () => {
    // The median. Why: what else the process does, as the compiler of code that has become hot, is in some of them.
    const shares: number[] = [];
    for (let run = 0; run < 3; run++) {
      const journal = new Journal();
      await collectGarbage();
      const before = process.memoryUsage().heapUsed;
      for (let id = 1; id <= 15_000; id++) journal.appendUnnumbered(formatCallbackOk(id, [id]));
      await collectGarbage();
      shares.push(journal.bytes / (process.memoryUsage().heapUsed - before));
    }
    const [, median] = shares.sort((a, b) => a - b);
    expect(median).toBeGreaterThan(0.9);
    expect(median).toBeLessThan(1.4);
  });

  test('covers counts from what is acknowledged to what was sent', () => {
    const journal = filled(5);
    journal.acknowledge(2);
    expect([1, 2, 5, 6, 3.5, NaN].map((count) => journal.covers(count))).toEqual([
      false,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  test('keeps order and size through thousands of entries', () => {
    const journal = filled(0);
    for (let n = 1; n <= 5000; n++) {
      journal.append('x');
      if (n % 3 === 0) journal.acknowledge(n - 600);
    }
    expect(journal.size).toBe(journal.lastId - journal.acknowledged);
    expect(journal.textLength).toBe(journal.size);
    expect([...journal].map(({ id }) => id)).toEqual(
      Array.from({ length: journal.size }, (_, index) => journal.acknowledged + 1 + index),
    );
  });
});

describe('a journal of a peer that never acknowledges', () => {
  const replayed = (count: number): Journal => {
    const journal = filled(3);
    journal.acknowledge(1);
    for (let n = 0; n < count; n++) journal.noteReplay();
    return journal;
  };

  test('is given up after ten replays, unless something has arrived', () => {
    expect(replayed(9).covers(1)).toBe(true);
    expect([1, 2, 3].map((count) => replayed(10).covers(count))).toEqual([false, true, true]);
  });

  test('counts anew after something has arrived', () => {
    const journal = replayed(10);
    journal.acknowledge(2);
    expect(journal.covers(2)).toBe(true);
    for (let n = 0; n < 9; n++) journal.noteReplay();
    expect(journal.covers(2)).toBe(true);
    journal.noteReplay();
    expect(journal.covers(2)).toBe(false);
  });

  test('counts no resume that had nothing to send again', () => {
    const journal = new Journal();
    for (let n = 0; n < 20; n++) journal.noteReplay();
    journal.append('x');
    expect(journal.covers(0)).toBe(true);
  });
});

describe('the message at which a transport is lost for the second time', () => {
  const text = (length: number): string => 'x'.repeat(length);
  const LARGE = 16 * 1024;

  /** A journal that holds texts without numbers, behind a numbered message that has arrived. */
  function holding(...lengths: number[]): Journal {
    const journal = filled(1);
    for (const length of lengths) journal.appendUnnumbered(text(length));
    journal.acknowledge(1);
    return journal;
  }

  function cut(journal: Journal): number | undefined {
    journal.noteCut();
    return journal.takeSuspect()?.message.length;
  }

  test('is none before a cut, nor at the first one', () => {
    const journal = holding(LARGE);
    expect(journal.takeSuspect()).toBeUndefined();
    expect([cut(journal), cut(journal)]).toEqual([undefined, LARGE]);
    // Counted from the beginning again.
    expect([cut(journal), cut(journal)]).toEqual([undefined, LARGE]);
  });

  test('is the longest of those without a number, and none that is small', () => {
    const journal = holding(LARGE, LARGE + 2, LARGE + 1, 10);
    expect([cut(journal), cut(journal)]).toEqual([undefined, LARGE + 2]);
    const small = holding(LARGE - 1);
    expect([cut(small), cut(small)]).toEqual([undefined, undefined]);
  });

  test('is not behind the first numbered one', () => {
    const journal = new Journal();
    journal.append(text(LARGE));
    journal.append(text(LARGE + 1));
    expect([cut(journal), cut(journal)]).toEqual([undefined, LARGE]);
  });

  test('is not one that was made after the cut', () => {
    const journal = holding(LARGE);
    journal.noteCut();
    journal.appendUnnumbered(text(LARGE + 1));
    expect(journal.takeSuspect()).toBeUndefined();
    journal.acknowledge(1);
    // Now the later one has been written as well, for the first time.
    expect([cut(journal), cut(journal)]).toEqual([undefined, LARGE + 1]);
  });

  test('is forgotten when it has arrived', () => {
    const journal = filled(0);
    journal.append(text(LARGE));
    expect(cut(journal)).toBeUndefined();
    journal.append(text(LARGE));
    journal.acknowledge(1);
    expect([cut(journal), cut(journal)]).toEqual([undefined, LARGE]);
  });

  test('may be replaced by another text, which is held in its place', () => {
    const journal = holding(10, LARGE, 20);
    expect(cut(journal)).toBeUndefined();
    journal.noteCut();
    const suspect = journal.takeSuspect();
    const place = suspect && journal.placeOf(suspect);
    expect(place).toBe(2);
    journal.replace(2, 'short');
    expect([...journal].map((entry) => entry.message.length)).toEqual([10, 5, 20]);
    expect(journal.textLength).toBe(35);
    expect([cut(journal), cut(journal)]).toEqual([undefined, undefined]);
    expect(journal.placeOf({ id: 1, message: 'unknown' })).toBeUndefined();
    journal.replace(0, 'nothing');
    journal.replace(4, 'nothing');
    expect(journal.textLength).toBe(35);
  });
});

describe('a session', () => {
  test('is an instance of Session also where a page has made it', () => {
    class Special extends Session {}
    const session = new LiveSession(null, null);
    expect([session instanceof Session, session instanceof Special]).toEqual([true, false]);
    expect([new Session(null, null) instanceof Session, new Session(null, null) instanceof Special]).toEqual([
      true,
      false,
    ]);
    expect(new Special(null, null) instanceof Special).toBe(true);
    expect({} instanceof Session).toBe(false);
  });

  test('is a Map of the application’s state', () => {
    const session = new Session(null, 'ann', 'id', [['a', 1]]);
    session.set('b', { c: 2 });
    expect([...session]).toEqual([
      ['a', 1],
      ['b', { c: 2 }],
    ]);
    expect(session).toBeInstanceOf(Map);
    expect(new Session(null, null).id).toMatch(/^[0-9a-f]{32}$/);
  });

  test('comes back whole from its text', () => {
    const session = new Session(null, 'ann', 'id');
    session.set('state', [1, { two: 3 }]);
    session.receivedCount = 7;
    for (const text of ['a', 'b', 'c']) session.journal.append(text);
    session.journal.acknowledge(1);
    session.binding = { application: 'app', version: '^1.0.0', extensions: ['cancel', 'stream'] };
    const copy = Session.fromString(session.toString());
    expect(JSON.parse(copy.toString())).toEqual(JSON.parse(session.toString()));
    expect([copy.id, copy.username, copy.receivedCount, copy.connection]).toEqual(['id', 'ann', 7, null]);
    expect([...copy.journal]).toEqual([
      { id: 2, message: 'b' },
      { id: 3, message: 'c' },
    ]);
    expect([copy.latestBufferedMessageId, copy.guaranteedDeliveredCount]).toEqual([3, 1]);
    expect(copy.binding).toEqual(session.binding);
    copy.journal.append('d');
    expect(copy.journal.lastId).toBe(4);
  });

  test('is worthless only if nobody, nothing and no message would be lost with it', () => {
    expect(new Session(null, null).isWorthless).toBe(true);
    expect(new Session(null, 'ann').isWorthless).toBe(false);
    expect(new Session(null, null, 'id', [[1, 2]]).isWorthless).toBe(false);
    const sent = new Session(null, null);
    sent.journal.append('x');
    expect(sent.isWorthless).toBe(false);
  });

  test('shows who it is, and not its id', () => {
    const session = new Session(null, 'ann', 'secret', [[1, 2]]);
    expect(`${String(session)}, ${String(new Session(null, null))}`).toBe(
      'Session of ann with 1 entries, Session of an anonymous client with 0 entries',
    );
    expect(JSON.stringify(session)).toBe('{"username":"ann","entries":1}');
  });

  test('a text that is no JSON is a SyntaxError', () => {
    expect(() => Session.fromString('{')).toThrow(SyntaxError);
  });
});

describe('a session as text', () => {
  function running(): Session {
    const session = new Session(null, 'ann');
    session.receivedCount = 4;
    session.journal.append('one');
    session.journal.appendUnnumbered('an answer');
    session.journal.appendUnnumbered('a value');
    session.journal.append('two');
    session.journal.appendUnnumbered('a cancel');
    session.binding = { application: 'app', version: undefined, extensions: ['resume'] };
    session.serving = new Set([3, 4]);
    return session;
  }

  test('keeps what has no number in its place, and frees it with the next number', () => {
    const back = Session.fromString(running().toString());
    expect([...back.journal].map(({ message }) => message)).toEqual([
      'one',
      'an answer',
      'a value',
      'two',
      'a cancel',
    ]);
    back.journal.append('three');
    back.journal.acknowledge(1);
    expect([...back.journal].map(({ message }) => message)).toEqual([
      'an answer',
      'a value',
      'two',
      'a cancel',
      'three',
    ]);
    back.journal.acknowledge(2);
    expect([...back.journal].map(({ message }) => message)).toEqual(['a cancel', 'three']);
    expect(back.journal.lastId).toBe(3);
    expect(back.journal.textLength).toBe('a cancelthree'.length);
  });

  test('tells which calls are being served, as of the moment of its making', () => {
    const session = running();
    const text = session.serialize();
    session.serving = [];
    expect([...Session.deserialize(session.id, text).serving]).toEqual([3, 4]);
    expect([...Session.deserialize(session.id, session.serialize()).serving]).toEqual([]);
  });

  test('without its id opens nothing: the id is not in it, and comes from who asks', () => {
    const session = running();
    const text = session.serialize();
    expect(text).not.toContain(session.id);
    const back = Session.deserialize('another id', text);
    expect([back.id, back.username, back.receivedCount, back.connection]).toEqual([
      'another id',
      'ann',
      4,
      null,
    ]);
    expect(back.binding).toEqual(session.binding);
    expect(back.serialize()).toBe(text);
    expect(() => Session.deserialize('id', '{')).toThrow(SyntaxError);
  });

  test('has an id of 128 random bits, new each time', () => {
    const ids = Array.from({ length: 1000 }, () => new Session(null, null).id);
    expect(new Set(ids).size).toBe(1000);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  });
});
