import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  RemoteError,
  type AuthPolicy,
  type AuthPolicyFunction,
  type Connection,
  type RefusedHandshake,
  type Server,
} from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { startCore } from '../support/core.js';
import { RawPeer } from '../support/raw-peer.js';
import { watchProcess, type ProcessWatch } from '../support/real-process.js';
import { waitFor } from '../support/wait-for.js';

const closing = new Closing();
let watch: ProcessWatch;
beforeEach(() => {
  watch = watchProcess();
});
afterEach(async () => {
  await closing.run();
  watch.stop();
  expect(watch.failures).toEqual([]);
});

type Answer = (callback: Parameters<AuthPolicyFunction>[4]) => unknown;
/** What a client gets to hear: a session or a refusal; 'nothing' where its time runs out first. */
type Outcome = 'in' | 'nothing' | number;
type Row = readonly [title: string, answer: Answer, named: Outcome, unnamed: Outcome];

const thrown = (value: unknown): Answer => {
  return () => {
    throw value;
  };
};
const resolved = (value: unknown): Answer => {
  return () => Promise.resolve(value);
};
const rejected = (value: unknown): Answer => {
  return () => Promise.reject(value);
};
const called = (...answer: [error: unknown, username?: never]): Answer => {
  return (callback) => {
    callback(...answer);
  };
};
const name = (value: unknown): never => value as never;

/** The table of docs/guides/guards.md: "named" are login and own strategies, "unnamed" anonymous and session. */
const ANSWERS: readonly Row[] = [
  ['a Promise of a name', resolved('ann'), 'in', 'in'],
  ['a Promise of true', resolved(true), 11, 'in'],
  ['a Promise of undefined, and no callback', resolved(undefined), 'nothing', 'nothing'],
  ['a Promise of null', resolved(null), 11, 11],
  ['a Promise of false', resolved(false), 11, 11],
  ['a Promise of 0', resolved(0), 11, 11],
  ['a Promise of 1', resolved(1), 11, 11],
  ["a Promise of ''", resolved(''), 11, 11],
  ['a Promise of {}', resolved({}), 11, 11],
  ['a Promise of an array with a name', resolved(['ann']), 11, 11],
  [
    'a thenable of a Promise of false',
    () => ({ then: (r: (v: unknown) => void) => r(Promise.resolve(false)) }),
    11,
    11,
  ],
  ['a rejection with an Error', rejected(new Error('no')), 11, 11],
  ['a rejection with a RemoteError', rejected(new RemoteError(1001, 'locked')), 1001, 1001],
  ['a rejection with undefined', rejected(undefined), 11, 11],
  ['a rejection with null', rejected(null), 11, 11],
  ["a rejection with ''", rejected(''), 11, 11],
  ['a throw of an Error', thrown(new Error('no')), 11, 11],
  ['a throw of undefined', thrown(undefined), 11, 11],
  ['a throw of null', thrown(null), 11, 11],
  ['a throw of false', thrown(false), 11, 11],
  ['callback(null, name)', called(null, name('ann')), 'in', 'in'],
  ['callback(undefined, name)', called(undefined, name('ann')), 'in', 'in'],
  ['callback(null, true)', called(null, name(true)), 11, 'in'],
  ['callback(null)', called(null), 11, 11],
  ['callback(null, null)', called(null, name(null)), 11, 11],
  ['callback(null, false)', called(null, name(false)), 11, 11],
  ["callback(null, '')", called(null, name('')), 11, 11],
  ['callback(null, {})', called(null, name({})), 11, 11],
  ['callback(undefined)', called(undefined), 11, 11],
  ['callback(error)', called(new Error('no')), 11, 11],
  ['callback(error, name)', called(new Error('no'), name('ann')), 11, 11],
  [
    'a callback with an error, then one with a name',
    (callback) => {
      callback(new Error('no'));
      callback(null, 'ann');
    },
    11,
    11,
  ],
  [
    'a callback with a name, then one with an error',
    (callback) => {
      callback(null, 'ann');
      callback(new Error('no'));
    },
    'in',
    'in',
  ],
  [
    'a callback with a name, then a throw',
    (callback) => {
      callback(null, 'ann');
      throw new Error('too late');
    },
    'in',
    'in',
  ],
  [
    'a callback with an error and a Promise of a name',
    async (callback) => {
      callback(new Error('no'));
      return Promise.resolve('ann');
    },
    11,
    11,
  ],
  [
    'a Promise of undefined, then a callback with a name',
    async (callback) => {
      setTimeout(() => callback(null, 'ann'), 5);
      return Promise.resolve();
    },
    'in',
    'in',
  ],
  [
    'a Promise of false, then a callback with a name',
    async (callback) => {
      setTimeout(() => callback(null, 'ann'), 5);
      return Promise.resolve(false);
    },
    11,
    11,
  ],
];

const STRATEGIES = ['login', 'token', 'anonymous', 'session'] as const;
const TABLE = ANSWERS.flatMap(([title, answer, named, unnamed]) =>
  STRATEGIES.map((strategy): [string, string, Outcome, Answer] => {
    const needsName = strategy === 'login' || strategy === 'token';
    return [title, strategy, needsName ? named : unnamed, answer];
  }),
);

async function dialRaw(port: number): Promise<RawPeer> {
  const peer = await RawPeer.connect(port);
  closing.add(() => peer.destroy());
  return peer;
}

/** What a policy's answer to one strategy leads to. */
async function outcomeOf(
  strategy: string,
  answer: Answer,
  limits = {},
  watch: (server: Server) => unknown = () => undefined,
): Promise<[Outcome, Server]> {
  let isAsked = false;
  const authPolicy: AuthPolicy = {
    decidesAnonymous: true,
    decidesResume: true,
    authenticate: (_connection, _application, asked, credentials, callback) => {
      isAsked = asked === strategy && credentials !== 'owner';
      return isAsked ? answer(callback) : Promise.resolve('owner');
    },
  };
  const { server, port } = await startCore(closing, { authPolicy, limits });
  watch(server);
  let credentials = "['ann','secret']";
  if (strategy === 'session') {
    const owner = await dialRaw(port);
    owner.send("{handshake:[0,'app'],badge:'owner'}");
    const [message] = await owner.received(1);
    credentials = `['${/ok:'([^']+)'/.exec(message)?.[1] ?? ''}',0]`;
    owner.destroy();
    await waitFor(() => server.getClientsArray().length === 0, 'the owner to be away');
  }
  const peer = await dialRaw(port);
  peer.send(`{handshake:[0,'app'],${strategy}:${credentials}}`);
  await waitFor(() => peer.messages.length > 0 || peer.ended, 'an answer or the end');
  expect(isAsked).toBe(true);
  const message = peer.messages.at(0);
  if (message === undefined) return ['nothing', server];
  const code = /error:\[(\d+)/.exec(message)?.[1];
  return [code === undefined ? 'in' : Number(code), server];
}

describe('a policy that returns a name without a Promise, and never calls back', () => {
  const REASON =
    "the policy has not answered: an answer is a Promise or a call of its callback, and it has returned 'ann'";

  test.each(['login', 'anonymous', 'session'])(
    'is told of when the time for it is over (%s)',
    async (strategy) => {
      const refusals: RefusedHandshake[] = [];
      const watched = (server: Server) =>
        server.on('handshakeRefused', (_client, refusal) => refusals.push(refusal));
      const [outcome] = await outcomeOf(strategy, () => 'ann', { handshakeTimeoutMs: 50 }, watched);
      expect(outcome).toBe('nothing');
      const kind = strategy === 'session' ? 'session' : 'login';
      await waitFor(() => refusals.length > 0, 'the refusal');
      expect(refusals).toEqual([{ kind, application: 'app', strategy, code: undefined, reason: REASON }]);
    },
  );

  test('is not told of where it calls back later, or the client has its answer', async () => {
    const refusals: RefusedHandshake[] = [];
    const watched = (server: Server) =>
      server.on('handshakeRefused', (_client, refusal) => refusals.push(refusal));
    const later: Answer = (callback) => {
      setTimeout(() => callback(null, 'ann'), 5);
      return 'ann';
    };
    const [outcome, server] = await outcomeOf('login', later, {}, watched);
    expect(outcome).toBe('in');
    server.getClientsArray()[0].close();
    await waitFor(() => server.getClientsArray().length === 0, 'the end');
    expect(refusals).toEqual([]);
  });
});

describe('only an explicit yes of a policy is a yes', () => {
  test.each(TABLE)('%s, strategy %s: %s', async (_title, strategy, outcome, answer) => {
    const limits = outcome === 'nothing' ? { handshakeTimeoutMs: 50 } : {};
    const [seen, server] = await outcomeOf(strategy, answer, limits);
    expect(seen).toBe(outcome);
    expect(server.getClientsArray()).toHaveLength(outcome === 'in' ? 1 : 0);
  });
});

describe('the name of a user', () => {
  const usernameFor = async (username: string, strategy = 'login'): Promise<string | number | null> => {
    const [outcome, server] = await outcomeOf(strategy, called(null, name(username)));
    const [client] = server.getClientsArray() as (Connection | undefined)[];
    return client ? client.username : outcome;
  };

  test.each([['ann'], ['Анна Каренина'], ['x'.repeat(256)], ['😀'], ['O’Neil "ann" <a@b.c>']])(
    '%j is taken as it is',
    async (username) => {
      expect(await usernameFor(username)).toBe(username);
    },
  );

  test('keeps the spaces around it', async () => {
    expect(await usernameFor(' ann  ')).toBe(' ann  ');
  });

  test.each([
    ['longer than 256 characters', 'x'.repeat(257)],
    ['with a NUL', 'ann\0'],
    ['with a line feed', 'ann\nroot'],
    ['with an escape', 'ann\u001b[31m'],
    ['with a control character of the second set', 'ann\u009b31m'],
    ['with DEL', 'ann\u007f'],
    ['with a line separator', 'ann\u2028'],
    ['with half of a surrogate pair', 'ann\ud83d'],
    ['of spaces only', '   '],
  ])('%s is refused', async (_title, username) => {
    expect(await usernameFor(username)).toBe(11);
    expect(await usernameFor(username, 'anonymous')).toBe(11);
  });
});
