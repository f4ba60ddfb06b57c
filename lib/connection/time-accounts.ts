import { networkOf } from '../util/network-of.js';
import { RecentMap } from '../util/recent-map.js';
import { TimeAccount } from '../util/waiting-line.js';

/** How many addresses are remembered at most. One that is forgotten begins anew, a little before the others. */
const MAX_ADDRESSES = 10_000;

const accounts = new RecentMap<TimeAccount>(MAX_ADDRESSES);

/**
 * How much of the shared time the connections of an address have had. Why not each connection for itself: who opens a hundred
 * would have a hundred times as much, and each new one would be before those that are there.
 * @param address the peer's address; undefined: all that have none count as one
 */
export function timeAccountOf(address = ''): TimeAccount {
  const network = networkOf(address);
  const known = accounts.get(network);
  if (known) return known;
  const account = new TimeAccount();
  accounts.add(network, account);
  return account;
}
