import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { DEFAULT_LIMITS, type Limits } from '../../lib/core.js';

/** A file of `test/`, without its ending, and the titles of tests in it. */
type Tests = readonly [file: string, ...titles: string[]];

/** The tests of a limit: what it lets a peer do, and what one more, or a moment later, gets. One test may be both. */
interface Proof {
  readonly at: Tests;
  readonly beyond: Tests;
}

const both = (...tests: Tests): Proof => ({ at: tests, beyond: tests });

/** Sessions of a server, of a user and of an address. */
const SESSIONS = both(
  'security/sessions',
  'lets so many clients in, and refuses the next one while all are connected',
);
/** Journals of a user and of an address. */
const JOURNALS: Proof = {
  at: ['security/journals', 'lets the sessions that it counts together hold that, and others as much'],
  beyond: [
    'security/journals',
    'refuses what is sent beyond it while all clients are connected, until something is acknowledged',
    'ends the session beyond it whose client is away the longest, and nothing of others',
  ],
};
/** What waits for a client that is there. */
const JOURNAL = both(
  'security/journals',
  'is limits.%s: one more is taken below it, and none at it until something has arrived',
);
/** Connections of a server and of an address. */
const DOOR = both(
  'security/door',
  'takes as many connections as limits.%s says, refuses one more, and takes another one in the place of one that ended',
);
/** Rooms of a server and of a session. */
const ROOMS = both(
  'security/rooms',
  'is in as many as limits.%s says; the next one is refused with 16, and it stays connected',
);

const PROOFS: Readonly<Record<keyof Limits, Proof>> = {
  maxMessageBytes: {
    at: ['security/framing', 'at the limit exactly'],
    beyond: ['security/framing', 'a message of one byte over the limit'],
  },
  maxDepth: {
    at: ['security/framing', 'with arguments nested as deep as the limit allows'],
    beyond: ['security/framing', 'arrays nested one level too deep'],
  },
  maxHandshakeBytes: {
    at: [
      'security/before-login',
      'a handshake of limits.maxHandshakeBytes is read, and a larger message after it',
    ],
    beyond: [
      'security/before-login',
      'one of a byte more ends the transport, and the server hears which limit that was',
      'does not send a handshake that is larger: the error names the limit',
    ],
  },
  maxHandshakeDepth: {
    at: [
      'security/before-login',
      'may be as deep as limits.maxHandshakeDepth, the message itself being the first level',
    ],
    beyond: ['security/before-login', 'end the transport where they are deeper'],
  },
  maxMessageNodes: both('security/parse-work', 'lets in a message with so many values, of %s, and no more'),
  maxVersionRangeLength: both(
    'security/names-and-metadata',
    'of limits.maxVersionRangeLength is matched; a longer one matches nothing, and is refused',
  ),
  maxNameLength: both(
    'security/names-and-metadata',
    'of limits.maxNameLength is known; a longer one names nothing, and the connection stays',
  ),
  maxMetadataBytes: both(
    'security/names-and-metadata',
    'in a header of limits.maxMetadataBytes arrives; with a byte more the call fails with 17, and says why',
  ),
  handshakeTimeoutMs: both(
    'security/handshake-order',
    'is limits.handshakeTimeoutMs, and no millisecond more',
  ),
  connectTimeoutMs: {
    at: ['browser/transport', 'gives up after limits.connectTimeoutMs'],
    beyond: ['transport/socket', 'gives up after limits.connectTimeoutMs, once, and closes the socket'],
  },
  messageTimeoutMs: both(
    'security/slow-messages',
    'a message may take as long as limits.messageTimeoutMs, and costs its connection then',
  ),
  minReadRate: both(
    'security/slow-messages',
    'a message that stops halfway has the grace, and one below limits.minReadRate hardly longer',
  ),
  idleTimeoutMs: both(
    'security/lifetimes',
    'ends a connection on which nothing came for so long, and not its session, with %s',
  ),
  maxConnectionAgeMs: both(
    'security/lifetimes',
    'tells each client to move at that age, and up to a tenth later, not all at once',
  ),
  maxCallsInFlight: {
    at: ['security/running-handlers', 'lets others be served at one less than that'],
    beyond: [
      'security/resources',
      'pause reading at limits.maxCallsInFlight, and it goes on when they are answered',
    ],
  },
  maxCancelBurst: {
    at: [
      'security/extension-abuse',
      'is what counts: so many are served, and those of calls that have ended are not counted',
    ],
    beyond: ['security/extension-abuse', 'ends the connection, and runs nothing more'],
  },
  maxPingBurst: {
    at: ['security/pings', 'is what a peer may send at once'],
    beyond: ['security/pings', 'and one more ends the connection, and runs nothing more'],
  },
  maxCallsInFlightTotal: {
    at: ['security/calls-of-all', 'holds up nobody at one less'],
    beyond: [
      'security/calls-of-all',
      'pauses reading of a client with many calls under way, and serves those with few',
    ],
  },
  maxBytesInFlight: {
    at: [
      'security/bytes-in-flight',
      'lets a peer have less than that under way, by its size on the wire and 2 KiB where values are few',
    ],
    beyond: ['security/bytes-in-flight', 'pauses reading at it, and goes on when half is answered'],
  },
  maxBytesInFlightTotal: {
    at: ['security/bytes-in-flight', 'holds nobody up below it'],
    beyond: [
      'security/bytes-in-flight',
      'pauses reading of the peers that have much under way, and serves the others',
    ],
  },
  maxCallDurationMs: {
    at: ['security/call-duration', 'lets a call run for less than that'],
    beyond: [
      'security/call-duration',
      'fails a call at it, says which one, and counts its handler until that has ended',
    ],
  },
  maxPendingCalls: both(
    'security/resources',
    'has limits.maxPendingCalls of them, and the next one fails at once',
  ),
  journalMaxEntries: JOURNAL,
  journalMaxBytes: {
    at: JOURNAL.at,
    beyond: ['security/journals', 'is exactly limits.journalMaxBytes: at that, nothing more is taken'],
  },
  journalMaxBytesAway: {
    at: ['security/journals', 'keeps what is sent to a client that is away, up to that'],
    beyond: ['security/journals', 'ends the session at one more message, and the client hears why'],
  },
  maxJournalBytesTotal: both(
    'security/journals',
    'the session of an absent client %s limits.maxJournalBytesTotal',
  ),
  maxJournalBytesPerUser: JOURNALS,
  maxJournalBytesPerAddress: JOURNALS,
  maxSessionTextLength: both(
    'security/stored-sessions',
    'with a text beyond limits.maxSessionTextLength is refused unread, and stays in its store',
  ),
  sendHighWaterMark: both('connection/send-meter', 'is too much above %s, until all has left'),
  maxSendBufferBytes: {
    at: ['transport/conformance/backlog', 'is kept while limits.maxSendBufferBytes wait'],
    beyond: ['transport/conformance/backlog', 'is given up by what is sent while one byte more waits'],
  },
  maxSendBufferBytesTotal: both(
    'security/send-buffers',
    'lets so much wait for all clients together, and gives up the one with the most beyond that',
  ),
  maxReceiveBufferBytesTotal: {
    at: [
      'security/receive-buffers',
      'is what messages may have that have not arrived whole; they are served then',
    ],
    beyond: [
      'security/receive-buffers',
      'ends, one byte beyond, the connection that has held as much as others for the longest',
    ],
  },
  sendStallTimeoutMs: both(
    'transport/send-guard',
    'gives a peer up that reads nothing, when the stall time is over',
  ),
  minWriteRate: {
    at: [
      'transport/send-guard',
      'keeps a peer that reads limits.minWriteRate on the average of the stall time',
    ],
    beyond: ['transport/send-guard', 'gives a peer up that reads less'],
  },
  maxStreams: both(
    'security/extension-abuse',
    'of a peer are limits.maxStreams at once: the next one fails alone, until one has ended',
  ),
  maxStreamBufferItems: both(
    'security/extension-abuse',
    'that never comes fails the stream at limits.maxStreamBufferItems',
  ),
  maxStreamBufferBytes: both(
    'security/extension-abuse',
    'holds as many bytes as limits.maxStreamBufferBytes says, and fails with -6 beyond',
  ),
  streamCredit: {
    at: ['security/hostile-server', 'may use each credit once it has heard of it'],
    beyond: ['security/hostile-server', 'one value more than it has credit for'],
  },
  drainTimeoutMs: both(
    'security/running-handlers',
    'holds up the end of a server for limits.drainTimeoutMs and limits.closeTimeoutMs, and no longer',
  ),
  closeTimeoutMs: both(
    'security/running-handlers',
    'holds up the end of a server for limits.drainTimeoutMs and limits.closeTimeoutMs, and no longer',
  ),
  maxSessions: SESSIONS,
  maxSessionsPerUser: SESSIONS,
  maxSessionsPerAddress: SESSIONS,
  maxRooms: ROOMS,
  maxRoomsPerSession: ROOMS,
  maxRoomNameLength: both(
    'security/rooms',
    'may take a name of limits.maxRoomNameLength, and is refused a longer one with 16',
  ),
  maxConnections: DOOR,
  maxConnectionsPerAddress: DOOR,
  maxPendingHandshakes: both(
    'security/door',
    'has as many strangers as limits.maxPendingHandshakes says; for one more, the one ends that has been silent the longest',
  ),
  maxHandshakesPerSecond: both(
    'security/door',
    'takes ten seconds’ worth of limits.maxHandshakesPerSecond at once, then so many a second',
  ),
  maxFailedLoginsPerAddress: both(
    'security/logins',
    'decides as many as may fail, slows the answers of the second half, and then refuses undecided',
  ),
  maxFailedLoginsPerName: both('security/logins', 'counts by name, in whatever case, over all addresses'),
  maxMemoryBytes: {
    at: ['security/memory', 'sheds nothing at limits.maxMemoryBytes'],
    beyond: [
      'security/memory',
      'one byte over it sheds strangers at once, and anonymous clients when it is over it again',
    ],
  },
  heartbeatTimeoutMs: both(
    'connection/late-heartbeat',
    'a heartbeat gives a peer limits.heartbeatTimeoutMs for its pong, and no more',
  ),
};

/** Bounds that no option moves, and those of other options. */
const OTHERS: Readonly<Record<string, Proof>> = {
  'length of a session’s id, at a server': both(
    'security/resume-abuse',
    'an id that is longer than any is not asked for, and one of 256 characters is',
  ),
  'length of a session’s id, at a client': both(
    'security/names-and-metadata',
    'may have 256 characters; with one more the client does not take it for a session',
  ),
  'length of a user’s name': {
    at: ['server/auth-answers', "['x'.repeat(256)]"],
    beyond: ['server/auth-answers', 'longer than 256 characters'],
  },
  'streams of one call': both('security/source-abuse', 'are 64 at most: with one more it fails with -13'),
  'maxSessionBytes of Redis': both(
    'redis/written-bytes',
    'lets a session have as many bytes, and takes none of one with more (%s)',
  ),
};

describe('each limit has a test of what it allows, and one of what is beyond', () => {
  test.each([...Object.entries(PROOFS), ...Object.entries(OTHERS)])('%s', (_limit, { at, beyond }) => {
    for (const [file, ...titles] of [at, beyond]) {
      const path = [`test/${file}.test.ts`, `test/${file}.ts`].find((one) => existsSync(one)) ?? file;
      const text = readFileSync(path, 'utf8');
      expect(titles.filter((title) => !text.includes(title))).toEqual([]);
    }
  });

  test('also one that is new', () => {
    expect(Object.keys(PROOFS).sort()).toEqual(Object.keys(DEFAULT_LIMITS).sort());
  });
});
