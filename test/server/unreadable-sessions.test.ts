import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Session,
  type NetServerOptions,
  type SessionStorageProvider,
  type SharedSessionStorageProvider,
} from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { ServerOnTheWire, SESSION_LOST } from '../support/resume-wire.js';

const closing = new Closing();
afterEach(() => closing.run());

const WHOLE: Record<string, unknown> = {
  format: 1,
  username: 'ann',
  receivedCount: 0,
  guaranteedDeliveredCount: 0,
  latestBufferedMessageId: 0,
  buffer: [],
  storage: [],
};

const UNREADABLE: [what: string, text: string][] = [
  ['has a binding without extensions', JSON.stringify({ ...WHOLE, binding: { application: 'app' } })],
  ['serves a number', JSON.stringify({ ...WHOLE, serving: 5 })],
  ['is of a later format', JSON.stringify({ ...WHOLE, format: 2 })],
  ['was cut off', JSON.stringify(WHOLE).slice(0, 40)],
];

/** Stores with one text for every id, in each way that a store can answer. */
const STORES: Record<string, (read: (id: string) => Session) => SessionStorageProvider> = {
  'answers at once': (read) => ({ get: (id) => read(id), set: () => undefined }),
  'answers by a Promise': (read) => ({ get: async (id) => read(id), set: () => undefined }),
  'is shared': (read) => sharedStore(false, async (id) => read(id)),
  'is shared, and stores each step': (read) => sharedStore(true, async (id) => read(id)),
};

function sharedStore(
  writeThrough: boolean,
  claim: (id: string) => Promise<Session>,
): SharedSessionStorageProvider {
  const done = (): Promise<void> => Promise.resolve();
  return {
    writeThrough,
    serve: () => done,
    claim,
    get: claim,
    create: done,
    revive: done,
    save: done,
    set: done,
    release: done,
    delete: done,
  };
}

async function start(
  sessionStorageProvider: SessionStorageProvider,
  options: Partial<NetServerOptions> = {},
): Promise<{ wire: ServerOnTheWire; errors: unknown[] }> {
  const wire = await ServerOnTheWire.start(closing, { sessionStorageProvider, ...options });
  const errors: unknown[] = [];
  wire.server.on('storageError', (error) => errors.push(error));
  return { wire, errors };
}

describe.each(Object.entries(STORES))('a store that %s', (_name, makeStore) => {
  test.each(UNREADABLE)(
    'and gives a text that %s: the session is lost, and the log says why',
    async (_what, text) => {
      const { wire, errors } = await start(makeStore((id) => Session.deserialize(id, text)));
      for (let turn = 1; turn <= 2; turn++) {
        const peer = await wire.resume('the id', 0);
        expect(await peer.received(1)).toEqual([SESSION_LOST]);
        expect(errors).toHaveLength(turn);
      }
      expect(errors[0]).toMatchObject({ code: 'ERR_JSTP_SESSION_TEXT' });
      expect(String(errors[0])).not.toContain('the id');
      const { peer } = await wire.login();
      peer.send('{ping:[1]}');
      expect(await peer.received(1)).toEqual(['{pong:[1]}']);
    },
  );

  test('and gives what is no Session: it is lost, and the log says why', async () => {
    const { wire, errors } = await start(makeStore(() => ({ id: 'the id', username: 'ann' }) as never));
    const peer = await wire.resume('the id', 0);
    expect(await peer.received(1)).toEqual([SESSION_LOST]);
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_JSTP_SESSION_TEXT' })]);
  });

  test('and gives a Session that its author has broken: told once, and the server goes on', async () => {
    const { wire } = await start(
      makeStore((id) => {
        const session = new Session(null, 'ann', id);
        session.binding = { application: 'app' } as never;
        return session;
      }),
    );
    const errors: unknown[] = [];
    wire.server.on('connectionError', (error) => errors.push(error));
    const peer = await wire.resume('the id', 0);
    const other = await wire.login();
    other.peer.send('{ping:[1]}');
    expect(await other.peer.received(1)).toEqual(['{pong:[1]}']);
    expect(errors).toEqual([expect.any(TypeError)]);
    peer.destroy();
  });
});
