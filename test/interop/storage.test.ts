import { afterEach, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import type { Back } from '../support/core.js';
import {
  call,
  connect,
  failureOf,
  MIXED_PAIRS,
  ours,
  plainError,
  reconnect,
  reference,
  startServer,
  type JstpModule,
  type PeerSession,
} from '../support/jstp.js';
import { waitFor } from '../support/wait-for.js';
import { ResumeWorld } from './resume-world.js';

const closing = new Closing();
afterEach(() => closing.run());

interface Provider {
  isAsync?(): boolean;
  get(id: string, callback: (session?: PeerSession) => void): unknown;
  set(id: string, session: PeerSession): unknown;
  setInactive?(id: string): unknown;
}

type MakeProvider = (jstp: JstpModule, texts: Map<string, string>) => Provider;

/** Providers that keep the sessions' texts, as one outside the process does. */
const PROVIDERS: Record<string, MakeProvider> = {
  synchronous: ({ Session }, texts) => ({
    isAsync: () => false,
    get: (id) => load(Session, texts.get(id)),
    set: (id, session) => texts.set(id, session.toString()),
  }),
  callback: ({ Session }, texts) => ({
    isAsync: () => true,
    get: (id, callback) => setTimeout(() => callback(load(Session, texts.get(id))), 5),
    set: (id, session) => setTimeout(() => texts.set(id, session.toString()), 5),
    setInactive: () => undefined,
  }),
  Promise: ({ Session }, texts) => ({
    get: async (id) => load(Session, texts.get(id)),
    set: async (id, session) => texts.set(id, session.toString()),
    setInactive: async () => undefined,
  }),
};

function load(
  sessions: { fromString(text: string): PeerSession },
  text: string | undefined,
): PeerSession | undefined {
  return text === undefined ? undefined : sessions.fromString(text);
}

const CASES = MIXED_PAIRS.flatMap((pair) =>
  // The reference knows no Promises here.
  (pair.server === ours ? ['synchronous', 'callback', 'Promise'] : ['synchronous', 'callback']).map(
    (kind) => ({
      ...pair,
      kind,
    }),
  ),
);

/** Lets a session go to the storage: the server's own memory of it ends with the server. */
async function replaceServer(
  world: ResumeWorld,
  texts: Map<string, string>,
  provider: Provider,
): Promise<void> {
  await world.cutLine();
  await waitFor(() => texts.size > 0, 'the stored session');
  const options = { applications: [world.serverApplication()], sessionStorageProvider: provider };
  ({ server: world.server, port: world.port } = await startServer(world.pair.server, options, closing));
}

describe.each(CASES)('a $kind storage provider, $title', ({ kind, ...pair }) => {
  test('brings a session back after the server was replaced', async () => {
    const texts = new Map<string, string>();
    const provider = PROVIDERS[kind](pair.server, texts);
    const world = await ResumeWorld.start(pair, closing, { sessionStorageProvider: provider });
    const { near, far } = world;
    await call(near, 'state', 'set', 'kept');
    far.emitRemoteEvent('log', 'note', ['a']);
    await waitFor(() => world.clientSaw.length === 1, 'the first event');
    await replaceServer(world, texts, provider);
    const offline: unknown[] = [];
    near.callMethod('log', 'add', ['b'], (...outcome: unknown[]) => offline.push(...outcome));
    expect(await reconnect(pair.client, near, world.port)).toBeNull();
    await waitFor(() => offline.length > 0, 'the answer');
    expect(offline).toEqual([null, 'b']);
    expect(await call(near, 'state', 'get')).toEqual(['kept', null]);
    expect(world.served).toEqual(['b']);
  });

  test('without the session refuses with 11', async () => {
    const texts = new Map<string, string>();
    const provider = PROVIDERS[kind](pair.server, texts);
    const world = await ResumeWorld.start(pair, closing, { sessionStorageProvider: provider });
    await call(world.near, 'state', 'set', 'kept');
    await replaceServer(world, texts, provider);
    texts.clear();
    const error = await reconnect(pair.client, world.near, world.port);
    expect(plainError(error)).toMatchObject({ code: 11 });
  });
});

describe('sessions as text', () => {
  test('what the reference’s server stored is resumed by our server, with its messages', async () => {
    const texts = new Map<string, string>();
    const oldProvider = PROVIDERS['synchronous'](reference, texts);
    const newProvider = PROVIDERS['synchronous'](ours, texts);
    const before = { title: '', server: reference, client: reference };
    const world = await ResumeWorld.start(before, closing, { sessionStorageProvider: oldProvider });
    await call(world.near, 'state', 'set', { old: 'state' });
    const { near, far } = world;
    // Sent while the line is still up, and lost with it.
    far.emitRemoteEvent('log', 'note', ['a']);
    await waitFor(() => world.clientSaw.length === 1, 'the event');
    (far as unknown as { _closed: boolean })._closed = true;
    far.emitRemoteEvent('log', 'note', ['b']);
    await world.cutLine();
    const options = { applications: [world.serverApplication()], sessionStorageProvider: newProvider };
    const { port, server } = await startServer(
      ours,
      { ...options, applications: [applicationOf(ours)] },
      closing,
    );
    expect(await reconnect(reference, near, port)).toBeNull();
    await waitFor(() => world.clientSaw.length === 2, 'the event that was stored');
    expect(world.clientSaw).toEqual(['a', 'b']);
    expect(await call(near, 'state', 'get')).toEqual([{ old: 'state' }]);
    const [revived] = server.getClientsArray();
    expect(revived.session?.id).toBe(near.session?.id);
  });

  test.each(MIXED_PAIRS)(
    'what a reference client stored is resumed by our client, $title',
    async ({ server }) => {
      const world = await ResumeWorld.start({ title: '', server, client: reference }, closing);
      const { near, far } = world;
      await call(near, 'state', 'set', 1);
      near.emitRemoteEvent('log', 'note', ['sent']);
      await world.cutLine();
      near.emitRemoteEvent('log', 'note', ['offline']);
      far.emitRemoteEvent('log', 'note', ['missed']);
      const session = ours.Session.fromString(near.session?.toString() ?? '');
      const heard: unknown[] = [];
      const application = new ours.Application(
        'side',
        {},
        { log: { note: (_c: unknown, label: unknown) => heard.push(label) } },
      );
      const heir = await connect(ours, closing, 'app', world.port, { session, application });
      expect((await call(heir, 'state', 'get'))[0]).toBe(1);
      await waitFor(() => heard.length === 1, 'the missed event');
      expect(world.served).toEqual(['sent', 'offline']);
      expect(heard).toEqual(['missed']);
    },
  );

  test.each(MIXED_PAIRS)(
    'our own client’s is resumed by a later process of ours, twice, $title',
    async ({ server }) => {
      const world = await ResumeWorld.start({ title: '', server, client: ours }, closing);
      await call(world.near, 'state', 'set', 1);
      await world.cutLine();
      let text = world.near.session?.toString() ?? '';
      for (let turn = 0; turn < 2; turn++) {
        const session = ours.Session.fromString(text);
        const heir = await connect(ours, closing, 'app', world.port, { session });
        expect((await call(heir, 'state', 'get'))[0]).toBe(1);
        heir.close();
        await waitFor(() => !heir.handshakeDone, 'the end of the heir');
        await waitFor(() => world.server.getClientsArray().length === 0, 'its end at the server');
        text = session.toString();
      }
    },
  );

  test('a session of the reference is bound to the application that it first comes back to', async () => {
    const texts = new Map([
      [
        'old-id',
        JSON.stringify({
          id: 'old-id',
          connection: null,
          username: 'ann',
          guaranteedDeliveredCount: 0,
          buffer: [],
          receivedCount: 0,
          latestBufferedMessageId: 0,
          storage: [],
        }),
      ],
    ]);
    const provider = PROVIDERS['synchronous'](ours, texts);
    const other = new ours.Application('other', {});
    const options = { applications: [applicationOf(ours), other], sessionStorageProvider: provider };
    const { port } = await startServer(ours, options, closing);
    const resume = (app: string): ReturnType<typeof connect> => {
      const session = reference.Session.fromString(texts.get('old-id') ?? '');
      return connect(reference, closing, app, port, { session });
    };
    const first = await resume('app');
    expect(await call(first, 'state', 'get')).toEqual([undefined]);
    expect(plainError(await failureOf(resume('other')))).toMatchObject({ code: 11 });
  });
});

function applicationOf(jstp: JstpModule): unknown {
  return new jstp.Application('app', {
    state: {
      get: (connection: { session: PeerSession }, callback: Back) =>
        callback(null, connection.session.get('value')),
    },
  });
}
