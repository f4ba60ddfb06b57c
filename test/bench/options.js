import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

/** @import { BenchOptions } from './types.js' */

export const USAGE = `npm run bench -- [options]

  --quick               everything in some three minutes: short and coarse
  --only NAME           a group (calls, latency, events, flood, payloads, codec, framing, idle, resume, tls, ws,
                        connections, handlers, storm, rooms, defaults, import, browser), a cell of it, or rows of the
                        table by the beginning of their ids; may be given several times
  --rounds N            rounds of each comparison (default 7, quick: 5)
  --duration MS         how long one measurement takes (default 1500, quick: 120)
  --idle N              idle connections (default 10000, quick: 1000)
  --storm N             sessions that come back at once (default 10000, quick: 1000)
  --resume              this package with the extension 'resume' on both sides
  --no-resume           without it; default: as the package negotiates by itself
  --soak MINUTES        a long run under full load besides, which looks at the memory
  --keep                keeps the ratios as those of the version, in benchmarks/history/; of whole runs only
  --output FILE         where the JSON goes (default test/bench/results/<date>.json)
`;

/**
 * @param {string[]} argv
 * @returns {BenchOptions | undefined} undefined: help was asked for
 */
export function parseOptions(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      duration: { type: 'string' },
      idle: { type: 'string' },
      storm: { type: 'string' },
      resume: { type: 'boolean', default: false },
      'no-resume': { type: 'boolean', default: false },
      soak: { type: 'string', default: '0' },
      keep: { type: 'boolean', default: false },
      output: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const { quick: isQuick, resume, 'no-resume': isWithout } = values;
  if (values.keep && (isQuick || values.only.length > 0))
    throw new Error('--keep is for whole runs: not with --quick or --only');
  const wish = isWithout ? 'without' : 'default';
  return {
    isQuick,
    rounds: numberOf('rounds', values.rounds, isQuick ? 5 : 7),
    durationMs: numberOf('duration', values.duration, isQuick ? 120 : 1500),
    warmupMs: isQuick ? 40 : 300,
    idleConnections: numberOf('idle', values.idle, isQuick ? 1000 : 10_000),
    stormSessions: numberOf('storm', values.storm, isQuick ? 1000 : 10_000),
    only: values.only,
    resume: resume ? 'with' : wish,
    soakMinutes: numberOf('soak', values.soak, 0),
    output: values.output ?? defaultOutput(),
    isKept: values.keep,
  };
}

/**
 * @param {string} name
 * @param {string | undefined} given
 * @param {number} byDefault
 */
function numberOf(name, given, byDefault) {
  if (given === undefined) return byDefault;
  const value = Number(given);
  if (value >= 0 && value < Infinity) return value;
  throw new Error(`--${name} must be a number, not '${given}'`);
}

function defaultOutput() {
  const folder = path.join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  return path.join(folder, `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.json`);
}
