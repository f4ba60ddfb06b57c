import { execFileSync } from 'node:child_process';
import path from 'node:path';

/** @import { Runner } from '../runner.js' */

/**
 * What an event took for a member: through the room, or sent to each by itself.
 * @typedef {{ bytes: number, contender: string, round: number, values: { cpuUs: number, heldBytes: number } }} RoomRound
 */

const GROUP = 'rooms';
/** By how many characters an event has. */
const CELLS = ['room-100', 'room-2000'];
const MEMBERS = 100_000;
const QUICK_MEMBERS = 10_000;

/**
 * An event to a room of 100,000 members, see rooms.js. In a process of its own, which needs the garbage collector at hand.
 * @param {Runner} runner
 */
export async function runRooms(runner) {
  const { isQuick, rounds } = runner.options;
  if (!runner.selection.wantsAny(GROUP, CELLS)) return;
  runner.say(GROUP);
  const env = {
    ...process.env,
    MEMBERS: String(isQuick ? QUICK_MEMBERS : MEMBERS),
    ROUNDS: String(rounds),
  };
  const program = path.join(import.meta.dirname, '../rooms.js');
  const text = execFileSync(process.execPath, ['--expose-gc', program, '--json'], { env, encoding: 'utf8' });
  /** @type {RoomRound[]} */
  const measured = JSON.parse(text);
  for (const { bytes, ...sample } of measured)
    runner.record({ group: GROUP, cell: `room-${bytes}`, ...sample });
}
