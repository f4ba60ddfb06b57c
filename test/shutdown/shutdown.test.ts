import { Logger } from '@nestjs/common';
import { expect, test } from '@jest/globals';
import { runShutdowns } from './shutdowns.js';

// Each starts three processes, one after the other.
const LIMIT_MS = 120_000;
const TIMES = 2;

test(
  'SIGTERM under load loses no call, stream or event, and the process ends by itself',
  async () => {
    Logger.overrideLogger(false);
    const { lost, eventsLost, ranTwice, ranLate, exits, calls } = await runShutdowns('jstp', TIMES);
    expect([...lost]).toEqual([]);
    expect({ eventsLost, ranTwice, ranLate, exits }).toEqual({
      eventsLost: 0,
      ranTwice: 0,
      ranLate: 0,
      exits: TIMES + 1,
    });
    expect(calls).toBeGreaterThan(0);
  },
  LIMIT_MS,
);

test(
  'the same load notices what the TCP transport of Nest loses',
  async () => {
    Logger.overrideLogger(false);
    const { lostCount, exits } = await runShutdowns('tcp', 1);
    expect([lostCount > 0, exits]).toEqual([true, 2]);
  },
  LIMIT_MS,
);
