import { setTimeout as delay } from 'node:timers/promises';
import type { Invocation } from '../command.js';
import { PING_COUNT, PING_INTERVAL } from '../defaults.js';
import { dial, hangUp } from '../dial.js';
import { parseDuration } from '../duration.js';
import { countOption, textOption } from '../options.js';
import { pingOnce } from '../ping-once.js';

/** Runs `nestjs-jstp ping`. */
export async function runPing(invocation: Invocation): Promise<void> {
  const { values, output, signal } = invocation;
  const count = countOption(values, 'count', 0) ?? PING_COUNT;
  const intervalMs = parseDuration(textOption(values, 'interval') ?? PING_INTERVAL, 'interval');
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
