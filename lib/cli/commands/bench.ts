import type { RecordableHistogram } from 'node:perf_hooks';
import type { Connection } from '../../connection/connection.js';
import { now } from '../../util/host.js';
import { ARGUMENTS_HELP, ARGUMENT_OPTIONS, metadataOption } from '../call-options.js';
import { usageError } from '../cli-error.js';
import type { Command, Invocation } from '../command.js';
import { hangUp, serverOf, timeoutOption } from '../dial.js';
import { parseDuration } from '../duration.js';
import { codeText, failureOf } from '../failures.js';
import { CONNECTION_OPTIONS, countOption, flagOption, OUTPUT_OPTIONS, textOption } from '../options.js';
import type { Output } from '../output.js';
import { parseTarget } from '../target.js';
import { parseArguments } from '../values.js';

const DEFAULT_DURATION = '5s';
const DEFAULT_CONCURRENCY = 16;
const MAX_CONNECTIONS = 10_000;
const NS_IN_MS = 1e6;
const PERCENTILES = [50, 90, 99, 99.9];

/** `nestjs-jstp bench` */
export const benchCommand: Command = {
  usage: 'ADDRESS [INTERFACE.METHOD [VALUE...]]',
  details: [
    'Calls a method again and again, or pings where none is named, and prints calls a second and how long they took. One process is one core: it may be slower than the server.',
    ARGUMENTS_HELP,
  ],
  options: {
    duration: {
      type: 'string',
      short: 'd',
      value: 'TIME',
      description: `How long. Default: ${DEFAULT_DURATION}, where --count is not given.`,
    },
    count: { type: 'string', short: 'c', value: 'N', description: 'How many calls, in the place of a time.' },
    connections: { type: 'string', value: 'N', description: 'How many connections. Default: 1.' },
    concurrency: {
      type: 'string',
      value: 'N',
      description: `How many calls are under way at once on each. Default: ${DEFAULT_CONCURRENCY}.`,
    },
    ...ARGUMENT_OPTIONS,
    ...OUTPUT_OPTIONS,
    ...CONNECTION_OPTIONS,
  },
  examples: [
    {
      text: 'ten seconds, 64 calls at once',
      line: 'bench jstp://localhost:3000/chat math.add 2 3 --duration 10s --concurrency 64',
    },
  ],
  positionals: [1, Infinity],
  run: runBench,
};

/** What is counted. */
interface Tally {
  readonly latency: RecordableHistogram;
  readonly errors: Map<string, number>;
  done: number;
}

/** Makes one call. */
type CallOnce = (connection: Connection) => Promise<unknown>;

async function runBench(invocation: Invocation): Promise<void> {
  const { positionals, values, output, signal } = invocation;
  const count = countOption(values, 'count', 1);
  const durationText = textOption(values, 'duration');
  if (count !== undefined && durationText !== undefined)
    throw usageError('--count and --duration exclude each other');
  const durationMs =
    count === undefined ? parseDuration(durationText ?? DEFAULT_DURATION, 'duration') : Infinity;
  const connectionCount = countOption(values, 'connections', 1) ?? 1;
  if (connectionCount > MAX_CONNECTIONS) throw usageError(`--connections may be ${MAX_CONNECTIONS} at most`);
  const concurrency = countOption(values, 'concurrency', 1) ?? DEFAULT_CONCURRENCY;
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
