import { jest } from '@jest/globals';

/** From now on the sockets are real, and what the library waits for goes by the test: `jest.advanceTimersByTime`. */
export function fakeClock(): void {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'Date'] });
}
