import type { Attacker } from './attacker.js';
import { behind, halfClosed, smallUnread, uploads } from './behind.js';
import { cancels, journals, leavers, reserved, resumes, small, streams, unread } from './guests.js';
import { deep, heavy, largest, unfinished, wide } from './large.js';
import { proxied, replays, tlsHandshakes } from './repeaters.js';
import { flood, garbage, guesses, halfOpen, slow, tlsHalves } from './strangers.js';
import { compressed, webSocketFrames } from './websockets.js';

/** All attackers. The place of each gives its addresses. */
export const ATTACKERS: readonly Attacker[] = [
  flood,
  slow,
  garbage,
  halfOpen,
  tlsHalves,
  guesses,
  resumes,
  unread,
  journals,
  cancels,
  leavers,
  streams,
  small,
  webSocketFrames,
  deep,
  wide,
  proxied,
  tlsHandshakes,
  replays,
  behind,
  smallUnread,
  halfClosed,
  uploads,
  compressed,
  largest,
  heavy,
  unfinished,
  reserved,
];

/** Those that every public server meets. */
export const COMMON_ATTACKERS: readonly Attacker[] = [
  flood,
  slow,
  garbage,
  halfOpen,
  unread,
  cancels,
  guesses,
  resumes,
  journals,
  webSocketFrames,
  tlsHalves,
];
