import { setTimeout as delay } from 'node:timers/promises';
import type { Caller } from './caller.js';
import type { Instance } from './instance.js';
import type { News } from './news.js';
import { until } from './until.js';

type Print = (who: string, what: string) => void;

/** A time in which nothing happens but calls. */
const CALM_MS = 800;

/** What takes part. */
export interface Cast {
  readonly instances: readonly [Instance, Instance];
  readonly callers: readonly Caller[];
  readonly news: News;
}

/** Instances are drained and killed, one after the other, while clients call and get events. */
export async function play(
  { instances, callers, news }: Cast,
  print: Print,
  signal: AbortSignal,
): Promise<void> {
  const [a, b] = instances;
  await Promise.all(callers.map((caller) => caller.start()));
  news.start(callers.map(({ name }) => name));
  await until(() => callers.every(({ servedBy }) => servedBy !== ''), 'an answer for everybody', signal);
  for (const { name } of instances) print(name, `serves ${namesOf(servedBy(callers, name))}`);

  for (const how of ['SIGTERM', 'SIGKILL'] as const) {
    for (const instance of [a, b]) {
      await delay(CALM_MS, undefined, { signal });
      await endAndStartAgain(instance, how, callers, print, signal);
    }
  }
  await delay(CALM_MS, undefined, { signal });

  await news.stop();
  await Promise.all(callers.map((caller) => caller.stop()));
  const haveAllNews = (): boolean =>
    callers.every(({ name, tally }) => tally.lastEvent === news.sent.get(name));
  await until(haveAllNews, 'the last events', signal);
}

/** Ends an instance in the middle of calls, looks what becomes of those, and starts it again. */
async function endAndStartAgain(
  instance: Instance,
  how: 'SIGTERM' | 'SIGKILL',
  callers: readonly Caller[],
  print: Print,
  signal: AbortSignal,
): Promise<void> {
  const { name } = instance;
  const concerned = servedBy(callers, name);
  const names = namesOf(concerned);
  const underWay = sum(concerned, (caller) => caller.callsUnderWay);
  const before = sum(callers, ({ tally }) => tally.lost.length);
  const what = how === 'SIGTERM' ? 'is told to end (SIGTERM), and drains' : 'is killed (SIGKILL)';
  print(name, `${what}: ${underWay} calls of ${names} are under way`);
  const settled = Promise.all(callers.map((caller) => caller.settled()));
  const started = Date.now();
  await instance.stop(how, signal);
  await settled;
  // A client that has moved has had an answer from elsewhere.
  await until(() => servedBy(callers, name).length === 0, `${names} to go on elsewhere`, signal);
  const lost = sum(callers, ({ tally }) => tally.lost.length) - before;
  print('', `${names} go on elsewhere, ${Date.now() - started} ms later: ${lost} calls failed with -1`);
  await instance.start(signal);
  print(name, `is started again (process ${instance.pid})`);
}

function servedBy(callers: readonly Caller[], instance: string): Caller[] {
  return callers.filter((caller) => caller.servedBy === instance);
}

function namesOf(callers: readonly Caller[]): string {
  return callers.map(({ name }) => name).join(', ');
}

function sum(callers: readonly Caller[], numberOf: (caller: Caller) => number): number {
  return callers.reduce((total, caller) => total + numberOf(caller), 0);
}
