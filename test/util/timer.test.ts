import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { startPatientTimer, stopTimer } from '../../lib/util/timer.js';

describe('a timer that judges somebody else', () => {
  let fired: number;
  beforeEach(() => {
    jest.useFakeTimers();
    fired = 0;
  });
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  const fire = (): void => {
    fired += 1;
  };

  /** Lets time go by in which nothing runs. */
  const lose = (ms: number): void => {
    const real = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => real() + ms);
  };

  test('fires at its time', () => {
    startPatientTimer(100, fire);
    jest.advanceTimersByTime(99);
    expect(fired).toBe(0);
    jest.advanceTimersByTime(1);
    expect(fired).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('lets what had arrived in time be read before, where it is late', () => {
    const order: string[] = [];
    startPatientTimer(100, () => order.push('judged'));
    lose(5);
    // As a socket is read, between timers and immediates.
    setTimeout(() => order.push('read'), 100);
    jest.advanceTimersByTime(101);
    expect(order).toEqual(['read', 'judged']);
    expect(jest.getTimerCount()).toBe(0);
  });

  test.each([
    ['as much longer as the process was busy at its end', 150, 50],
    ['twice its time at most', 5000, 100],
  ])('waits %s', (_what, busyUntilMs, longerMs) => {
    startPatientTimer(100, fire);
    lose(busyUntilMs - 100);
    jest.advanceTimersByTime(100);
    jest.advanceTimersByTime(longerMs - 1);
    expect(fired).toBe(0);
    jest.advanceTimersByTime(2);
    expect(fired).toBe(1);
  });

  test('does nothing once it was stopped, between its time and the reading too', () => {
    const timer = startPatientTimer(100, fire);
    lose(5);
    setTimeout(() => {
      stopTimer(timer);
    }, 100);
    jest.advanceTimersByTime(100);
    jest.advanceTimersByTime(500);
    stopTimer(startPatientTimer(100, fire));
    jest.advanceTimersByTime(500);
    expect(fired).toBe(0);
  });
});
