import { now } from './host.js';
import { startKeepAliveTimer } from './timer.js';

const LOOK_EVERY_MS = 10;

/**
 * Looks again and again whether something holds, and keeps a Node process alive meanwhile. For the end of a server or a
 * client. Why not by events: those would cost each message something, all the time before.
 * @param deadline when to stop, by the clock of `now`
 * @returns whether it holds
 */
export async function lookUntil(holds: () => boolean, deadline: number): Promise<boolean> {
  while (!holds()) {
    const left = deadline - now();
    if (left <= 0) return false;
    await new Promise<void>((resolve) => {
      startKeepAliveTimer(Math.min(left, LOOK_EVERY_MS), resolve);
    });
  }
  return true;
}
