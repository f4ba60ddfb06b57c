import { afterEach, expect, jest, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import { ServerOnTheWire } from '../support/resume-wire.js';

const closing = new Closing();
afterEach(() => {
  jest.restoreAllMocks();
  return closing.run();
});

test('takeovers of a session are counted by the minute: one who moves now and then is no fight', async () => {
  const wire = await ServerOnTheWire.start(closing, { limits: { handshakeTimeoutMs: 600_000 } });
  const { id } = await wire.login('');
  const takeOver = async (): Promise<string | undefined> =>
    (await (await wire.resume(id, 0, '')).received(1))[0];
  // An integer: with a fraction, a sum and a difference may be a little less than the minute.
  const start = Math.ceil(performance.now());
  const clock = jest.spyOn(performance, 'now').mockReturnValue(start);
  const answers = new Set<string | undefined>();
  for (let turn = 0; turn < 20; turn++) answers.add(await takeOver());
  clock.mockReturnValue(start + 60_000);
  answers.add(await takeOver());
  expect([...answers]).toEqual(['{handshake:[0],ok:0}']);
  for (let turn = 1; turn < 20; turn++) await takeOver();
  clock.mockReturnValue(start + 119_999);
  expect(await takeOver()).toBe('{handshake:[0],error:[11]}');
});
