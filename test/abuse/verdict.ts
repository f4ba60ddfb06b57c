/** How much longer the 99th percentile of the good client's calls may be than the quiet one. */
export const MAX_RATIO = 3;
/** The longest that an answer may take while all attack at once, which is more work than the machine can do, in milliseconds. */
export const MAX_ANSWER_OF_ALL_MS = 3000;
/**
 * What the good client alone may take of the server's processor time where the mixed loads are whole, in milliseconds a
 * second. An estimate of what a current machine needs.
 */
export const REFERENCE_CPU_MS = 120;
/** The most memory that the server may take, as the resident set of its process, in bytes. */
export const MEMORY_CAP = 768 * 1024 * 1024;

/** What one phase of a run has cost. */
export interface Phase {
  /** How long the good client's calls took, in milliseconds, the shortest first. */
  readonly calls: readonly number[];
  /** The same for its new logins. */
  readonly logins: readonly number[];
  readonly errors: readonly string[];
  readonly cpuMs: number;
  readonly peakRss: number;
  readonly refused: number;
  readonly failed: number;
  readonly turnedAway: number;
  readonly logLines: number;
  readonly durationMs: number;
}

/** What is wrong with a phase. */
export interface Fault {
  readonly text: string;
  /** Whether it may be the machine: something took too long. */
  readonly isOfTime: boolean;
}

/** The value below which a share (0 to 1) of some sorted numbers lies; 0 of none. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/**
 * What is wrong with a phase; nothing: it passes.
 * @param quietMs the 99th percentile of the good client's calls without an attack
 * @param maxAnswerMs the longest that an answer may take, in place of the bound of {@link MAX_RATIO}
 */
export function findFaults(phase: Phase, quietMs: number, maxAnswerMs?: number): Fault[] {
  const faults: Fault[] = [];
  const add = (text: string, isOfTime = false): void => {
    faults.push({ text, isOfTime });
  };
  const { calls, errors, peakRss } = phase;
  const p99 = quantile(calls, 0.99);
  const longest = calls.at(-1) ?? 0;
  if (calls.length === 0) add('the good client got no answer');
  if (errors.length > 0) add(`${errors.length} errors of the good client, the first: ${errors[0]}`);
  if (peakRss > MEMORY_CAP) add(`the server took ${inMib(peakRss)} MiB`);
  if (maxAnswerMs === undefined && p99 > MAX_RATIO * quietMs)
    add(`the good client's p99 is ${ratio(p99, quietMs)} of the quiet one`, true);
  if (maxAnswerMs !== undefined && longest > maxAnswerMs)
    add(`an answer took ${longest.toFixed(0)} ms, and may take ${maxAnswerMs} ms`, true);
  return faults;
}

/**
 * What part of its load each attacker of a mixed attack has on this machine, up to 1: on a slower one, the whole of all
 * loads is more work than a server can do, and a queue would be all that is measured.
 * @param quiet the phase without an attack
 */
export function shareOfLoad({ cpuMs, durationMs }: Pick<Phase, 'cpuMs' | 'durationMs'>): number {
  return Math.min(1, (REFERENCE_CPU_MS * durationMs) / (1000 * cpuMs));
}

export function ratio(ms: number, quietMs: number): string {
  return `${(ms / quietMs).toFixed(1)}x`;
}

export function inMib(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}
