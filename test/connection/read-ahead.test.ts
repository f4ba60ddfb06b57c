import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { DEFAULT_LIMITS } from '../../lib/core.js';
import { ReadAhead, type ReadAheadOwner } from '../../lib/connection/read-ahead.js';
import { parseMessage } from '../../lib/protocol/parse-message.js';

const KIB = 1024;

/** A connection that notes what is done with it. */
class FakeLink implements ReadAheadOwner {
  readonly done: string[] = [];
  /** What has to wait though nothing else does. */
  waiting: string[] = [];
  isOver = false;
  onServed: (text: string) => void = () => undefined;

  peek(data: Uint8Array | string): ReturnType<ReadAheadOwner['peek']> {
    return parseMessage(data, null, DEFAULT_LIMITS);
  }

  mustWait(data: Uint8Array | string): boolean {
    return this.waiting.includes(String(data));
  }

  mayOvertake(message: { kind: string }): boolean {
    return message.kind === 'pong';
  }

  mayFinish(message: { kind: string }): boolean {
    return message.kind !== 'call';
  }

  isTurnOver(): boolean {
    return this.isOver;
  }

  waitForTurn(): void {
    this.done.push('wait');
  }

  receiveHeld(data: Uint8Array | string): void {
    this.done.push(String(data));
    this.onServed(String(data));
  }

  fail(): void {
    this.done.push('protocol error');
  }

  holdReading(isStopped: boolean): void {
    this.done.push(isStopped ? 'stop' : 'go on');
  }

  probe(): void {
    this.done.push('probe');
  }
}

const large = (id: number): string => `{event:[${String(id)},'i'],e:['${'x'.repeat(100 * KIB)}']}`;

function inspect(id: number): string {
  return `{inspect:[${String(id)},'a']}`;
}

describe('what is read ahead', () => {
  let link: FakeLink;
  let ahead: ReadAhead;

  beforeEach(() => {
    jest.useFakeTimers();
    link = new FakeLink();
    ahead = new ReadAhead(link, 1024 * KIB);
  });
  afterEach(() => {
    ahead.drop();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  test('waits in its order, and stops again where serving it says so', () => {
    for (const id of [1, 2, 3]) expect(ahead.add(inspect(id))).toBe(true);
    link.onServed = (text) => {
      if (text === inspect(2)) ahead.hold();
    };
    expect(ahead.release()).toBe(false);
    expect(link.done).toEqual([inspect(1), inspect(2)]);
    expect(ahead.release()).toBe(true);
    expect(link.done).toEqual([inspect(1), inspect(2), inspect(3)]);
  });

  test('stops before what has to wait though nothing else does', () => {
    for (const id of [1, 2, 3]) ahead.add(inspect(id));
    link.waiting = [inspect(2)];
    expect(ahead.release()).toBe(false);
    expect(link.done).toEqual([inspect(1)]);
    link.waiting = [];
    expect(ahead.release()).toBe(true);
    expect(link.done).toEqual([inspect(1), inspect(2), inspect(3)]);
  });

  test('is overtaken by what belongs to something under way', () => {
    ahead.add(inspect(1));
    expect(ahead.add('{pong:[1]}')).toBe(false);
  });

  test('takes a ping only behind something else: its pong would say that that was received', () => {
    expect(ahead.add('{ping:[1]}')).toBe(false);
    ahead.add(inspect(2));
    expect(ahead.add('{ping:[3]}')).toBe(true);
  });

  test('is less of small messages, which take more memory than their bytes', () => {
    const most = Math.ceil((256 * KIB) / (inspect(1).length + 320));
    for (let id = 1; id < most; id += 1) ahead.add(inspect(1));
    expect([link.done, ahead.isDeaf]).toEqual([[], false]);
    ahead.add(inspect(1));
    expect([link.done, ahead.isDeaf]).toEqual([['stop'], true]);
  });

  test('is a few messages at most: then nothing is read, and the line is probed until it is again', () => {
    for (const id of [1, 2]) ahead.add(large(id));
    expect([link.done, ahead.isDeaf]).toEqual([[], false]);
    ahead.add(large(3));
    expect([link.done, ahead.isDeaf]).toEqual([['stop'], true]);
    jest.advanceTimersByTime(3500);
    expect(link.done).toEqual(['stop', 'probe', 'probe', 'probe']);
    link.onServed = () => {
      ahead.hold();
    };
    ahead.release();
    expect(link.done.slice(4)).toEqual([large(1), 'go on']);
    expect(ahead.isDeaf).toBe(false);
    jest.advanceTimersByTime(5000);
    expect(link.done).toHaveLength(6);
  });

  test('ends the line when more comes than an honest peer can have sent, over a transport that cannot stop', () => {
    for (let id = 1; id <= 10; id++) ahead.add(large(id));
    expect(link.done).toEqual(['stop']);
    ahead.add(large(11));
    expect(link.done).toEqual(['stop', 'protocol error']);
  });

  test('copies bytes, which a transport uses again', () => {
    const bytes = new Uint8Array([123, 125]);
    const seen: (Uint8Array | string)[] = [];
    link.peek = () => undefined;
    link.receiveHeld = (data) => seen.push(data);
    ahead.add(bytes);
    bytes.fill(0);
    ahead.release();
    expect(seen).toEqual([new Uint8Array([123, 125])]);
  });

  test('is served over several turns, and what comes meanwhile waits behind it', () => {
    for (const id of [1, 2, 3]) ahead.add(inspect(id));
    link.isOver = true;
    expect(ahead.release()).toBe(false);
    expect(link.done).toEqual([inspect(1), 'wait']);
    // A pong would overtake what is held for another reason.
    const pong = '{pong:[1]}';
    expect([ahead.add(inspect(4)), ahead.add(pong), ahead.release()]).toEqual([true, true, false]);
    expect(link.done).toHaveLength(2);
    link.isOver = false;
    expect(ahead.turnCame()).toBe(true);
    expect(ahead.release()).toBe(true);
    expect(link.done.slice(2)).toEqual([inspect(2), inspect(3), inspect(4), pong]);
  });

  test('goes on in no later turn while it is held again', () => {
    for (const id of [1, 2]) ahead.add(inspect(id));
    link.isOver = true;
    ahead.release();
    ahead.hold();
    expect(ahead.turnCame()).toBe(false);
    expect(ahead.release()).toBe(true);
    expect(link.done.filter((text) => text.startsWith('{'))).toEqual([inspect(1), inspect(2)]);
  });

  test('is served at the end of the line over several turns', () => {
    for (const id of [1, 2, 3]) ahead.add(inspect(id));
    link.isOver = true;
    expect([ahead.finish(), ahead.release(), ahead.finish(), ahead.finish()]).toEqual([
      false,
      false,
      false,
      true,
    ]);
    expect(link.done).toEqual([inspect(1), inspect(2), inspect(3)]);
  });

  test('is served at the end of the line up to what the peer will send again', () => {
    for (const text of ["{event:[1,'i'],e:[]}", "{call:[2,'i'],m:[]}", "{event:[3,'i'],e:[]}"])
      ahead.add(text);
    ahead.finish();
    expect(link.done).toEqual(["{event:[1,'i'],e:[]}"]);
  });

  test('is all served at the end of the line behind a bye: the peer sends nothing again', () => {
    const texts = ["{call:[1,'i'],m:[]}", "{event:[2,'i'],e:[]}", "{bye:['close']}"];
    for (const text of texts) ahead.add(text);
    ahead.finish();
    expect(link.done).toEqual(texts);
  });
});
