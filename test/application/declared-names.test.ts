import { expect, jest, test } from '@jest/globals';
import { Application } from '../../lib/application/application.js';
import { isDeclared } from '../../lib/application/declared-names.js';

class Counted extends Application {
  asked = 0;

  override getMethods(interfaceName: string): string[] | undefined {
    this.asked += 1;
    return super.getMethods(interfaceName);
  }
}

test('names that a peer makes up do not have the methods read at each of its calls', () => {
  const application = new Counted('app', { rooms: { join: () => undefined } });
  expect(isDeclared(application, 'rooms', 'join')).toBe(true);
  for (let n = 0; n < 1000; n += 1) expect(isDeclared(application, 'rooms', `no${n}`)).toBe(false);
  expect(isDeclared(application, 'rooms', 'join')).toBe(true);
  expect(application.asked).toBe(1);
  expect(isDeclared(application, 'none', 'join')).toBe(false);
});

test('a method that is added later is known after a second', () => {
  jest.useFakeTimers();
  try {
    const rooms: Record<string, () => void> = { join: () => undefined };
    const application = new Application('app', { rooms });
    expect(isDeclared(application, 'rooms', 'leave')).toBe(false);
    rooms['leave'] = () => undefined;
    jest.advanceTimersByTime(1000);
    expect(isDeclared(application, 'rooms', 'leave')).toBe(true);
  } finally {
    jest.useRealTimers();
  }
});

test('nothing is kept of an interface without methods, which an application may say it has by any name', () => {
  const application = new Counted('app', {});
  application.getMethods = () => {
    application.asked += 1;
    return [];
  };
  for (let n = 0; n < 2; n += 1) expect(isDeclared(application, 'made up', 'name')).toBe(false);
  expect(application.asked).toBe(2);
});
