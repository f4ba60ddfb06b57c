import { expect, test } from '@jest/globals';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { TimeAccount, WaitingLine } from '../../lib/util/waiting-line.js';

const having = (used: number): TimeAccount => Object.assign(new TimeAccount(), { used });

/** Runs what waits, each for some milliseconds. */
function runAll(line: WaitingLine, costMs = 0): void {
  let time = 0;
  for (let run = line.begin(time); run; run = line.begin(time)) {
    run();
    time += costMs;
    line.end(time);
  }
}

test('the accounts come first that have had the least time, and among equals the one that came first', () => {
  const random = new SeededRandom(1);
  const line = new WaitingLine();
  const all = Array.from({ length: 200 }, (_, place) => ({ used: random.between(0, 20), place }));
  const done: typeof all = [];
  for (const one of all) line.add(() => done.push(one), having(one.used));
  runAll(line);
  expect(done).toEqual([...all].sort((a, b) => a.used - b.used || a.place - b.place));
  expect(line.isEmpty).toBe(true);
});

test('those of one account come one after another, and have the time of one together', () => {
  const line = new WaitingLine();
  const [crowd, single] = [new TimeAccount(), new TimeAccount()];
  const done: string[] = [];
  for (const name of ['a', 'b', 'c', 'd']) line.add(() => done.push(name), crowd);
  const again = (left: number): void => {
    done.push('s');
    if (left > 0) line.add(() => again(left - 1), single);
  };
  line.add(() => again(3), single);
  runAll(line, 1);
  expect(done.join('')).toBe('asbscsds');
  expect([crowd.used, single.used]).toEqual([4, 4]);
});

test('an account that comes anew counts as having had ten milliseconds less than the last one', () => {
  const line = new WaitingLine();
  const [old, other, fresh] = [having(100), having(95), new TimeAccount()];
  const done: string[] = [];
  line.add(() => undefined, old);
  runAll(line);
  line.addAlone(() => done.push('alone'), 1);
  line.add(() => done.push('old'), old);
  line.add(() => done.push('other'), other);
  line.add(() => done.push('fresh'), fresh);
  runAll(line);
  expect(done).toEqual(['fresh', 'other', 'old', 'alone']);
  expect(fresh.used).toBe(90);
});
