import { afterEach, expect, jest, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import { ServerOnTheWire } from '../support/resume-wire.js';

const closing = new Closing();
afterEach(() => {
  jest.restoreAllMocks();
  return closing.run();
});

test('takeovers of a session are counted by the minute: one who moves now and then is no fight', async () => {
  const wire = await ServerOnTheWire.start(closing);
  const { id } = await wire.login('');
  const clock = jest.spyOn(performance, 'now');
  const real = performance.now();
  const answers = new Set<string | undefined>();
  for (let minute = 1; minute <= 3; minute++) {
    clock.mockReturnValue(real + minute * 60_000);
    for (let turn = 0; turn < 19; turn++) answers.add((await (await wire.resume(id, 0, '')).received(1))[0]);
  }
  expect([...answers]).toEqual(['{handshake:[0],ok:0}']);
});
