import type { ReachedBudget } from '../../server/budget-watch.js';
import type { TotalLimit } from '../../protocol/limits.js';

const WHAT: Readonly<Record<TotalLimit, string>> = {
  maxCallsInFlightTotal: 'calls and events are under way, those of clients that have gone among them',
  maxBytesInFlightTotal: 'bytes of calls and events are under way',
  maxReceiveBufferBytesTotal: 'bytes have arrived and are not served',
  maxSendBufferBytesTotal: 'bytes wait to be sent, and the slowest clients may be cut off',
};

/** What is logged of a budget that makes clients wait. */
export function budgetText({ by, used, limit }: ReachedBudget): string {
  if (by === 'maxReceiveBufferBytesTotal')
    return `Clients are cut off by limits.${by} (${limit}): ${used} ${WHAT[by]}`;
  return `Clients have to wait by limits.${by} (${limit}): ${used} ${WHAT[by]}`;
}
