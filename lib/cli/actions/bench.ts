import type { RecordableHistogram } from 'node:perf_hooks';
import type { Connection } from '../../connection/connection.js';
import { now } from '../../util/host.js';
import { metadataOption } from '../call-options.js';
import { usageError } from '../cli-error.js';
import type { Invocation } from '../command.js';
import { BENCH_CONCURRENCY, BENCH_DURATION } from '../defaults.js';
import { hangUp, serverOf, timeoutOption } from '../dial.js';
import { parseDuration } from '../duration.js';
import { codeText, failureOf } from '../failures.js';
import { countOption, flagOption, textOption } from '../options.js';
import type { Output } from '../output.js';
import { parseTarget } from '../target.js';
import { parseArguments } from '../values.js';

const MAX_CONNECTIONS = 10_000;
const NS_IN_MS = 1e6;
const PERCENTILES = [50, 90, 99, 99.9];

/** Runs `nestjs-jstp bench`. */
/** What is counted. */
interface Tally {
  readonly latency: RecordableHistogram;
  readonly errors: Map<string, number>;
  done: number;
}

/** Makes one call. */
type CallOnce = (connection: Connection) => Promise<unknown>;

export async function runBench(invocation: Invocation): Promise<void> {
  const { positionals, values, output, signal } = invocation;
  const count = countOption(values, 'count', 1);
  const durationText = textOption(values, 'duration');
  if (count !== undefined && durationText !== undefined)
    throw usageError('--count and --duration exclude each other');
  const durationMs =
    count === undefined ? parseDuration(durationText ?? BENCH_DURATION, 'duration') : Infinity;
  const connectionCount = countOption(values, 'connections', 1) ?? 1;
  if (connectionCount > MAX_CONNECTIONS) throw usageError(`--connections may be ${MAX_CONNECTIONS} at most`);
  const concurrency = countOption(values, 'concurrency', 1) ?? BENCH_CONCURRENCY;
  const callOnce = await callOf(invocation);
  const server = await serverOf(invocation, positionals[0]);
  const { createHistogram } = await import('node:perf_hooks');
  const tally: Tally = { latency: createHistogram(), errors: new Map(), done: 0 };
  const connections: Connection[] = [];
  try {
    // One after the other. Why: servers bound how many shake hands at once.
    for (let at = 0; at < connectionCount; at += 1) connections.push(await server.dial());
    const begun = now();
    let left = count ?? Infinity;
    const mayGoOn = (): boolean => left-- > 0 && !signal.aborted && now() - begun < durationMs;
    const workers = connections.flatMap((connection) =>
      Array.from({ length: concurrency }, () => work(connection, callOnce, tally, mayGoOn)),
    );
    await Promise.all(workers);
    await report(tally, now() - begun, output);
  } finally {
    await Promise.all(connections.map(hangUp));
  }
}

async function callOf(invocation: Invocation): Promise<CallOnce> {
  const { positionals, values, io, signal } = invocation;
  const name = positionals.at(1);
  if (name === undefined) return (connection) => connection.ping();
  const target = parseTarget(name);
  const args = await parseArguments(positionals.slice(2), flagOption(values, 'text'), io);
  const options = { metadata: await metadataOption(invocation), timeout: timeoutOption(values), signal };
  return (connection) => connection.callMethod(target.interfaceName, target.name, args, options);
}

/** Calls one time after the other. A connection that is lost ends it: each further call would fail at once. */
async function work(
  connection: Connection,
  callOnce: CallOnce,
  tally: Tally,
  mayGoOn: () => boolean,
): Promise<void> {
  while (mayGoOn()) {
    const begun = now();
    try {
      await callOnce(connection);
      tally.latency.record(Math.max(1, Math.round((now() - begun) * NS_IN_MS)));
      tally.done += 1;
    } catch (error) {
      const { code, message } = failureOf(error);
      const text = code === undefined ? message : codeText(code);
      tally.errors.set(text, (tally.errors.get(text) ?? 0) + 1);
      if (connection.state.name === 'closed') return;
    }
  }
}

async function report({ latency, errors, done }: Tally, tookMs: number, output: Output): Promise<void> {
  const rate = Math.round(done / (tookMs / 1000));
  const percentiles = PERCENTILES.map(
    (percentile) => [`p${percentile}`, msOf(latency.percentile(percentile))] as const,
  );
  const most = msOf(latency.max);
  const result = {
    calls: done,
    seconds: Math.round(tookMs) / 1000,
    callsPerSecond: rate,
    latencyMs: done === 0 ? null : { ...Object.fromEntries(percentiles), max: most },
    errors: Object.fromEntries(errors),
  };
  const shown = percentiles.map(([name, ms]) => `${name} ${ms} ms`).join(', ');
  const text = [
    `${done} calls in ${result.seconds} s: ${rate} a second`,
    ...(done === 0 ? [] : [`latency: ${shown}, max ${most} ms`]),
    ...[...errors].map(([name, times]) => output.style.bad(`errors: ${times} times ${output.remark(name)}`)),
  ].join('\n');
  await output.either(() => text, result);
}

function msOf(ns: number): number {
  return Math.round(ns / 1000) / 1000;
}
