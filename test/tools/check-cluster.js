/**
 * `npm run sample:cluster:check`: the sample of several servers ends by itself, its numbers hold what the guide
 * promises, Ctrl-C ends it in the middle, and it leaves no process behind.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import path from 'node:path';

const program = path.resolve(import.meta.dirname, '../../sample/03-cluster/dist/main.js');
const TIMEOUT_MS = 120_000;

await checkNumbers();
await checkInterruption();
console.log('\nThe sample does what it says.');

async function checkNumbers() {
  const { code, printed } = await run();
  if (code !== 0) fail(`it ended with code ${code}`);

  const moves = [...printed.matchAll(/calls of (.+) are under way/g)];
  const losses = [...printed.matchAll(/go on elsewhere, \d+ ms later: (\d+) calls failed with -1/g)].map(
    numberOf,
  );
  const ends = [...printed.matchAll(/\((SIGTERM|SIGKILL)\)/g)].map(([, how]) => how);
  equal('the ends of instances', ends.join(), 'SIGTERM,SIGTERM,SIGKILL,SIGKILL');
  equal('the ends with an outcome', losses.length, ends.length);
  equal('the calls that failed in a drain', losses[0] + losses[1], 0);
  const moved = moves.reduce((sum, [, names]) => sum + names.split(',').length, 0);

  const calls = numberIn(printed, 'calls');
  const answered = numberIn(printed, 'answered');
  const lost = numberIn(printed, 'failed with -1');
  const [executions, moreThanOnce] = numbersIn(printed, 'executions');
  const [, lostButRun] = numbersIn(printed, 'failed with -1');
  atLeast('the calls', calls, 1000);
  equal('answers and failures', answered + lost, calls);
  equal('the failures outside of the ends', lost, losses[2] + losses[3]);
  equal('the calls that failed otherwise', numberIn(printed, 'failed otherwise'), 0);
  equal('the calls that ran more than once', moreThanOnce, 0);
  equal('the answers of calls that did not run', numbersIn(printed, 'answered')[1], 0);
  equal('the executions', executions, answered + lostButRun);
  atLeast('the sessions that were resumed', numberIn(printed, 'sessions resumed'), moved);
  equal('the sessions that were lost', numberIn(printed, 'sessions lost'), 0);

  const sent = numberIn(printed, 'events sent');
  const [received, outOfOrder] = numbersIn(printed, 'received');
  const [missed, gaps] = numbersIn(printed, 'missed');
  atLeast('the events that were received', received, sent / 2);
  equal('the events received and missed', received + missed, sent);
  equal('the events that came again or out of order', outOfOrder, 0);
  // Nobody who is connected misses one: each gap is a move.
  atMost('the gaps in the events', gaps, numberIn(printed, 'sessions resumed'));
  equal('whether events were missed without a gap', missed > 0 && gaps === 0, false);
  await checkRemains(printed);
}

async function checkInterruption() {
  const { code, printed } = await run((text) => text.includes('calls of'));
  if (code !== 0) fail(`Ctrl-C ended it with code ${code}`);
  if (!printed.includes('Stopped.')) fail('it did not say that it stopped');
  await checkRemains(printed);
}

/**
 * Runs the sample to its end.
 * @param {(printed: string) => boolean} [isTime] when to press Ctrl-C; without it, never
 */
async function run(isTime = () => false) {
  const sample = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const deadline = setTimeout(() => {
    // It ends its children then.
    sample.kill('SIGTERM');
    fail(`it did not end within ${TIMEOUT_MS / 1000} s`);
  }, TIMEOUT_MS);
  let printed = '';
  let isInterrupted = false;
  sample.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
    process.stdout.write(text);
    printed += text;
    if (isInterrupted || !isTime(printed)) return;
    isInterrupted = true;
    sample.kill('SIGINT');
  });
  const [code] = await once(sample, 'close');
  clearTimeout(deadline);
  return { code, printed };
}

/** None of the processes that were named is there any more, nor the Redis. */
async function checkRemains(/** @type {string} */ printed) {
  const pids = [...printed.matchAll(/\(process (\d+)\)/g)].map(numberOf);
  atLeast('the processes that were named', pids.length, 2);
  for (const pid of pids) if (isRunning(pid)) fail(`process ${pid} is still running`);
  // One that was given stays.
  if (process.env.REDIS_URL) return;
  const [, port] = /redis:\/\/127\.0\.0\.1:(\d+)/.exec(printed) ?? [];
  const refusal = await new Promise((resolve) => {
    connect(Number(port), '127.0.0.1').once('error', resolve).once('connect', resolve);
  });
  if (refusal?.code !== 'ECONNREFUSED') fail('its Redis is still running');
}

/** @returns {boolean} */
function isRunning(/** @type {number} */ pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The first number of a line of the report. @returns {number} */
function numberIn(/** @type {string} */ printed, /** @type {string} */ what) {
  return numbersIn(printed, what)[0];
}

/** The numbers of a line of the report. @returns {number[]} */
function numbersIn(/** @type {string} */ printed, /** @type {string} */ what) {
  const line = new RegExp(`^ {3}${what} +(\\d+.*)$`, 'm').exec(printed);
  if (!line) fail(`it did not print the number of: ${what}`);
  return [...line[1].matchAll(/\d+/g)].map(Number);
}

/** @returns {number} */
function numberOf(/** @type {RegExpMatchArray} */ [, text]) {
  return Number(text);
}

function equal(/** @type {string} */ what, /** @type {unknown} */ is, /** @type {unknown} */ wanted) {
  if (is !== wanted) fail(`${what}: ${String(is)}, and not ${String(wanted)}`);
}

function atLeast(/** @type {string} */ what, /** @type {number} */ is, /** @type {number} */ least) {
  if (!(is >= least)) fail(`${what}: ${is}, and not ${least} at least`);
}

function atMost(/** @type {string} */ what, /** @type {number} */ is, /** @type {number} */ most) {
  if (!(is <= most)) fail(`${what}: ${is}, and not ${most} at most`);
}

/** @returns {never} */
function fail(/** @type {string} */ reason) {
  console.error(`sample:cluster:check failed: ${reason}`);
  process.exit(1);
}
