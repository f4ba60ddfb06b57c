import { expect, jest, test } from '@jest/globals';
import { Heartbeat, type HeartbeatView } from '../../lib/connection/heartbeat.js';
import { turns } from '../support/quiet.js';

const INTERVAL_MS = 1000;
/** How late a timer is that a frozen page, or a computer that was asleep, runs when it goes on. */
const ASLEEP_MS = 60_000;

test('a heartbeat gives a peer limits.heartbeatTimeoutMs for its pong, and no more', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
  const failSilent = jest.fn();
  const view: HeartbeatView = {
    isOpen: true,
    wire: { isDeaf: false, hasMoved: () => Promise.resolve(false), failSilent },
    channel: { outbox: { hasRoom: true, ping: jest.fn() }, pingTransport: () => true },
  };
  const heartbeat = new Heartbeat(view, INTERVAL_MS, 3000);
  try {
    performance.now = () => 0;
    heartbeat.expire(0);
    for (const [time, failures] of [
      [1000, 0],
      [2999, 0],
      [3000, 1],
    ]) {
      performance.now = () => time;
      heartbeat.expire(0);
      await turns(2);
      expect(failSilent).toHaveBeenCalledTimes(failures);
    }
  } finally {
    heartbeat.stop();
    jest.useRealTimers();
  }
});

test('a heartbeat whose timers come late asks once more before it takes the silence for an end', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
  const failSilent = jest.fn();
  const pingTransport = jest.fn(() => true);
  const view: HeartbeatView = {
    isOpen: true,
    wire: { isDeaf: false, hasMoved: () => Promise.resolve(false), failSilent },
    channel: { outbox: { hasRoom: true, ping: jest.fn() }, pingTransport },
  };
  const heartbeat = new Heartbeat(view, INTERVAL_MS, 0);
  try {
    heartbeat.expire(0);
    performance.now = () => ASLEEP_MS;
    heartbeat.expire(ASLEEP_MS);
    await turns(2);
    expect(pingTransport).toHaveBeenCalledTimes(1);
    expect(failSilent).not.toHaveBeenCalled();

    // The pong was there.
    heartbeat.heard();
    heartbeat.expire(0);
    performance.now = () => 2 * ASLEEP_MS;
    heartbeat.expire(ASLEEP_MS);
    await turns(2);
    expect(failSilent).not.toHaveBeenCalled();

    // This time none comes, although the timers are late again.
    performance.now = () => 3 * ASLEEP_MS;
    heartbeat.expire(ASLEEP_MS);
    await turns(2);
    expect(failSilent).toHaveBeenCalledTimes(1);
  } finally {
    heartbeat.stop();
    jest.useRealTimers();
  }
});
