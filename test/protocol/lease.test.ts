import { describe, expect, test } from '@jest/globals';
import { AttachedMessage } from '../../lib/protocol/attached-message.js';
import { Lease } from '../../lib/protocol/lease.js';
import { Journal } from '../../lib/session/journal.js';

const SIZE = 100_000;
const ok = (): void => undefined;

function lend(size = SIZE): { lease: Lease; memory: ArrayBufferLike; message: AttachedMessage } {
  const lease = Lease.of(size);
  const bytes = lease?.view(size);
  if (!lease || !bytes) throw new Error('No memory is lent');
  return { lease, memory: bytes.buffer, message: Object.assign(new AttachedMessage('{}', bytes), { lease }) };
}

/** Whether memory is lent again now. */
function isFree(memory: ArrayBufferLike, size = SIZE): boolean {
  return lend(size).memory === memory;
}

describe('the memory of a copy', () => {
  test('is used again when it was written and its message was acknowledged', () => {
    const { lease, memory, message } = lend();
    const journal = new Journal();
    journal.append(message);
    lease.write()();
    expect(lease.isOver).toBe(false);
    expect(isFree(memory)).toBe(false);
    journal.acknowledge(1);
    expect(lease.isOver).toBe(true);
    expect(isFree(memory)).toBe(true);
  });

  test('is not used again while a transport reads it, though the peer says that it has come', () => {
    const { lease, memory, message } = lend();
    const journal = new Journal();
    journal.appendUnnumbered(message);
    journal.append('{ping:[1]}');
    const [first, second] = [lease.write(), lease.write()];
    journal.acknowledge(1);
    expect(isFree(memory)).toBe(false);
    second(null);
    expect(isFree(memory)).toBe(false);
    first();
    expect(isFree(memory)).toBe(true);
  });

  test('is not used again before it was written', () => {
    const { lease, memory, message } = lend();
    const journal = new Journal();
    journal.append(message);
    journal.acknowledge(1);
    expect(isFree(memory)).toBe(false);
    lease.write()();
    expect(isFree(memory)).toBe(true);
  });

  test.each<[string, (loan: ReturnType<typeof lend>, journal: Journal) => unknown]>([
    ['no journal has held it', () => ok],
    ['a transport has failed', ({ lease }) => lease.write()(new Error('cut'))],
    ['a transport tells nothing', ({ lease }) => lease.write()],
    ['another message has the same bytes', ({ message }) => message.withText('{a:1}')],
    ['somebody reads it later', ({ lease }) => lease.keep()],
    ['the session is lost', (_, journal) => journal.giveUp()],
    ['something else was put in its place', (_, journal) => journal.replace(journal.start, '{ping:[1]}')],
    ['another journal holds it', ({ message }) => new Journal().append(message)],
  ])('is never used again where %s', (why, then) => {
    const loan = lend();
    const journal = new Journal();
    if (why !== 'no journal has held it') journal.append(loan.message);
    then(loan, journal);
    loan.lease.write()();
    journal.acknowledge(1);
    expect(isFree(loan.memory)).toBe(false);
    expect(loan.lease.isOver).toBe(false);
  });

  test('is lent for bytes of about one size, an eighth smaller at most', () => {
    for (const size of [16 * 1024, 65_536, 65_537, 100_000, 2 * 1024 * 1024]) {
      const { memory } = lend(size);
      expect(memory.byteLength).toBeGreaterThanOrEqual(size);
      expect(memory.byteLength).toBeLessThanOrEqual(size * 1.125);
    }
    expect(Lease.of(16 * 1024 - 1)).toBeUndefined();
    expect(Lease.of(2 * 1024 * 1024 + 1)).toBeUndefined();
  });

  test('waits to be used again up to 4 MiB, the one that was used last at the longest', () => {
    const loans = Array.from({ length: 5 }, () => lend(1024 * 1024));
    for (const { lease, message } of loans) {
      const journal = new Journal();
      journal.append(message);
      lease.write()();
      journal.acknowledge(1);
    }
    const again = new Set(Array.from({ length: 5 }, () => lend(1024 * 1024).memory));
    expect(loans.map(({ memory }) => again.has(memory))).toEqual([false, true, true, true, true]);
  });
});
