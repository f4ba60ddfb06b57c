import type { Connection } from '../../connection/connection.js';
import { controlOf } from '../../connection/control.js';
import { isIdle } from '../../connection/serving.js';
import type { ClientTable } from './client-table.js';
import type { SessionKeeper } from './session-keeper.js';

/** Which part of the idle anonymous sessions ends at a time. */
const PART = 1 / 8;
/** How many of them end at a time at least. */
const LEAST = 64;

/**
 * Ends sessions of anonymous clients that have nothing under way: those that are away first, the longest first, then
 * connected ones, the newest first. A session that other servers share is released to its store in place of ending.
 * @returns how many have ended
 */
export function shedAnonymous(clients: ClientTable, keeper: SessionKeeper): number {
  const away = Array.from(clients.all.anonymous.all, ({ connection }) => connection);
  const connected = [...clients.connected]
    .reverse()
    .filter((client) => isAnonymous(client) && isIdle(client));
  const idle = [...away, ...connected];
  const ended = idle.slice(0, Math.max(LEAST, Math.ceil(idle.length * PART)));
  for (const connection of ended) {
    if (connection.handshakeDone || !keeper.releaseToStore(connection)) controlOf(connection).endSession();
  }
  return ended.length;
}

function isAnonymous({ username }: Connection): boolean {
  return username === null;
}
