import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Journal } from '../../lib/session/journal.js';
import { Session } from '../../lib/session/session.js';
import { runModel } from './model.js';

const STEPS = 3000;

afterEach(() => {
  jest.restoreAllMocks();
});

describe('sessions and their journals', () => {
  test('are what a simple model says, through cuts, resumes and stores', () => {
    const { failure, steps } = runModel({ steps: STEPS, seed: 1 });
    expect(failure).toBeUndefined();
    expect(steps).toBeGreaterThanOrEqual(STEPS);
  });

  test('the model sees a journal that frees too much', () => {
    const { acknowledge } = Journal.prototype;
    jest.spyOn(Journal.prototype, 'acknowledge').mockImplementation(function (this: Journal, id) {
      acknowledge.call(this, Math.min(id + 1, this.lastId));
    });
    expect(runModel({ steps: STEPS, seed: 1 }).failure).toContain('journal');
  });

  test('the model sees a journal that sends again out of order', () => {
    const iterate = Journal.prototype[Symbol.iterator];
    jest.spyOn(Journal.prototype, Symbol.iterator).mockImplementation(function* (this: Journal) {
      yield* [...iterate.call(this)].reverse();
    });
    expect(runModel({ steps: STEPS, seed: 1 }).failure).toContain('journal');
  });

  test('the model sees a store that forgets how much was received', () => {
    const { fromString } = Session;
    jest.spyOn(Session, 'fromString').mockImplementation((text) => {
      const session = fromString.call(Session, text);
      session.receivedCount = 0;
      return session;
    });
    expect(runModel({ steps: STEPS, seed: 1 }).failure).toContain('count');
  });
});
