import { setTimeout as delay } from 'node:timers/promises';
import type { Command, Invocation } from '../command.js';
import { dial, hangUp } from '../dial.js';
import { parseDuration } from '../duration.js';
import { CONNECTION_OPTIONS, countOption, OUTPUT_OPTIONS, textOption } from '../options.js';
import { pingOnce } from '../ping-once.js';

const DEFAULT_COUNT = 4;
const DEFAULT_INTERVAL = '1s';

/** `nestjs-jstp ping` */
export const pingCommand: Command = {
  usage: 'ADDRESS',
  details: [
    'Pings a server over one connection, and prints how long each answer takes. The handshake is done before, so that a success also tells that the server lets this client in.',
  ],
  options: {
    count: {
      type: 'string',
      short: 'c',
      value: 'N',
      description: `End after so many pings; 0: none. Default: ${DEFAULT_COUNT}.`,
    },
    interval: {
      type: 'string',
      short: 'i',
      value: 'TIME',
      description: `The time between pings. Default: ${DEFAULT_INTERVAL}.`,
    },
    ...OUTPUT_OPTIONS,
    ...CONNECTION_OPTIONS,
  },
  examples: [
    {
      text: 'whether a server answers, for scripts',
      line: 'ping jstp://localhost:3000/chat --count 1 --timeout 2s',
    },
  ],
  positionals: [1, 1],
  run: runPing,
};

async function runPing(invocation: Invocation): Promise<void> {
  const { values, output, signal } = invocation;
  const count = countOption(values, 'count', 0) ?? DEFAULT_COUNT;
  const intervalMs = parseDuration(textOption(values, 'interval') ?? DEFAULT_INTERVAL, 'interval');
  const connection = await dial(invocation);
  const times: number[] = [];
  try {
    for (let number = 1; (count === 0 || number <= count) && !signal.aborted; number += 1) {
      const ms = await pingOnce(connection, invocation);
      times.push(ms);
      await output.either(() => `pong ${number}: ${ms.toFixed(2)} ms`, { ping: number, ms: rounded(ms) });
      if (number !== count) await delay(intervalMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    if (times.length > 1 && !output.isJson) await output.line(summaryOf(times));
    await hangUp(connection);
  }
}

function summaryOf(times: readonly number[]): string {
  // Not by a spread: there may be more than a call takes arguments.
  const [least, most, sum] = times.reduce(
    ([low, high, total], ms) => [Math.min(low, ms), Math.max(high, ms), total + ms],
    [Infinity, 0, 0],
  );
  const [low, mean, high] = [least, sum / times.length, most].map((ms) => ms.toFixed(2));
  return `${times.length} pongs, ${low} ms at least, ${mean} ms on average, ${high} ms at most`;
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
