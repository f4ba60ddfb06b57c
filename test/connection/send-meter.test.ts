import { describe, expect, test } from '@jest/globals';
import { Backlog } from '../../lib/connection/backlog.js';
import { SendMeter } from '../../lib/connection/send-meter.js';
import type { Transport } from '../../lib/connection/transport.js';

const KIB = 1024;

/** What waits on a transport that tells its bytes only when it is asked. */
class Sender {
  waiting = 0;
  readonly ends: unknown[] = [];
  readonly changes: boolean[] = [];
  readonly backlog: Backlog;

  constructor(meter: SendMeter | undefined, sendHighWaterMark = Infinity, maxSendBufferBytes = Infinity) {
    const owner = {
      transport: this as unknown as Transport,
      congestionChanged: () => this.changes.push(this.backlog.isCongested),
    };
    this.backlog = new Backlog(owner, { sendHighWaterMark, maxSendBufferBytes }, meter);
  }

  destroy(error: unknown): void {
    this.ends.push(error);
  }

  waits(bytes: number): this {
    this.waiting = bytes;
    this.backlog.note(bytes);
    return this;
  }
}

describe('the backlog of a connection', () => {
  test.each([
    ['the high-water mark', 10, Infinity],
    ['what may wait at all, where that is less', Infinity, 10],
  ])('is too much above %s, until all has left', (_what, mark, most) => {
    const sender = new Sender(undefined, mark, most);
    sender.waits(10);
    expect(sender.backlog.isCongested).toBe(false);
    sender.waits(11).waits(12).waits(1);
    expect(sender.changes).toEqual([true]);
    sender.waits(0);
    expect(sender.changes).toEqual([true, false]);
  });

  test('is too much above 64 KiB while more than half of what may wait for all does', () => {
    const meter = new SendMeter(400 * KIB);
    const other = new Sender(meter).waits(100 * KIB);
    const sender = new Sender(meter).waits(100 * KIB);
    expect(sender.changes).toEqual([]);
    other.waits(101 * KIB);
    sender.waits(64 * KIB).waits(100 * KIB);
    expect(sender.changes).toEqual([true]);
    sender.waits(0).waits(64 * KIB);
    expect(sender.changes).toEqual([true, false]);
  });
});

describe('the backlogs of a server', () => {
  test('may be as large as is allowed; beyond that the largest are given up, until some room is left', () => {
    const meter = new SendMeter(100);
    const senders = [40, 10, 30, 20].map((bytes) => new Sender(meter).waits(bytes));
    expect(meter.bytes).toBe(100);
    expect(senders.flatMap(({ ends }) => ends)).toEqual([]);
    senders[3].waits(50);
    expect(senders.map(({ ends }) => ends.length)).toEqual([0, 0, 0, 1]);
    expect(senders[3].ends).toMatchObject([{ code: 'ERR_JSTP_SLOW_PEER' }]);
    expect(meter.bytes).toBe(80);
    senders[1].waits(31);
    expect(senders.map(({ ends }) => ends.length)).toEqual([1, 0, 0, 1]);
    expect(meter.bytes).toBe(61);
  });

  test('are counted again before anybody is given up, since some may have left', () => {
    const meter = new SendMeter(100);
    const reading = new Sender(meter).waits(80);
    reading.waiting = 5;
    const sender = new Sender(meter).waits(80);
    expect([...reading.ends, ...sender.ends]).toEqual([]);
    expect(meter.bytes).toBe(85);
  });

  test('are nothing once their transports are gone', () => {
    const meter = new SendMeter(100);
    const sender = new Sender(meter).waits(60);
    sender.backlog.clear();
    expect(meter.bytes).toBe(0);
    sender.waits(100);
    expect(sender.ends).toEqual([]);
  });
});
