import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import {
  call,
  cut,
  failureOf,
  MIXED_PAIRS,
  ours,
  ping,
  reconnect,
  reference,
  startServer,
  type PeerConnection,
} from '../support/jstp.js';
import { waitFor, within } from '../support/wait-for.js';
import { ResumeWorld } from './resume-world.js';

const closing = new Closing();
let world: ResumeWorld;
afterEach(() => closing.run());

function outcomeOf(connection: PeerConnection, iface: string, method: string, ...args: unknown[]): unknown[] {
  const outcome: unknown[] = [];
  connection.callMethod(iface, method, args, (error: unknown, ...results: unknown[]) => {
    outcome.push(error ?? null, ...results);
  });
  return outcome;
}

const ALL_PAIRS = [...MIXED_PAIRS, { title: 'both ours', server: ours, client: ours }];

describe.each(ALL_PAIRS)('resume, $title', (pair) => {
  const keepsAnswers = pair.server === ours && pair.client === ours;
  beforeEach(async () => {
    world = await ResumeWorld.start(pair, closing);
  });

  test('the same session on a new link, the same Connection on both sides', async () => {
    const { near, far } = world;
    await call(near, 'log', 'add', 1);
    const id = near.session?.id;
    await world.cutLine();
    expect(await reconnect(pair.client, near, world.port)).toBeNull();
    expect(near.session?.id).toBe(id);
    // The reference does not list a client that has come back.
    if (pair.server === ours) expect(world.far).toBe(far);
    expect(await call(near, 'log', 'add', 2)).toEqual([2]);
    expect(await call(far, 'log', 'add', 3)).toEqual([3]);
    expect(world.served).toEqual([1, 2]);
  });

  test('calls and events made while offline are sent once, in order, and answered', async () => {
    const { near } = world;
    await call(near, 'log', 'add', 'before');
    await world.cutLine();
    const first = outcomeOf(near, 'log', 'add', 'a');
    near.emitRemoteEvent('log', 'note', ['b']);
    const second = outcomeOf(near, 'log', 'add', 'c');
    near.emitRemoteEvent('log', 'note', ['d']);
    expect(await reconnect(pair.client, near, world.port)).toBeNull();
    await waitFor(() => second.length > 0, 'the answers');
    expect(first).toEqual([null, 'a']);
    expect(second).toEqual([null, 'c']);
    await call(near, 'log', 'add', 'after');
    expect(world.served).toEqual(['before', 'a', 'b', 'c', 'd', 'after']);
  });

  test('what the server sent meanwhile arrives once, in order', async () => {
    const { near, far } = world;
    far.emitRemoteEvent('log', 'note', ['before']);
    await waitFor(() => world.clientSaw.length === 1, 'the first event');
    await world.cutLine();
    far.emitRemoteEvent('log', 'note', ['a']);
    const answer = outcomeOf(far, 'log', 'add', 'b');
    far.emitRemoteEvent('log', 'note', ['c']);
    expect(await reconnect(pair.client, near, world.port)).toBeNull();
    await waitFor(() => answer.length > 0, 'the answer of the client');
    expect(answer).toEqual([null, 'b']);
    await waitFor(() => world.clientSaw.length === 4, 'the events');
    expect(world.clientSaw).toEqual(['before', 'a', 'b', 'c']);
  });

  test('what was written and not read before the cut is sent again', async () => {
    const { near } = world;
    await call(near, 'log', 'add', 0);
    // Written in this turn, cut in the same: the server sees at most some of it.
    const outcomes = [1, 2, 3, 4, 5].map((n) => outcomeOf(near, 'log', 'add', n));
    cut(near);
    await waitFor(() => world.server.getClientsArray().length === 0, 'the server to see the cut');
    expect(await reconnect(pair.client, near, world.port)).toBeNull();
    await waitFor(() => outcomes.every((outcome) => outcome.length > 0), 'all outcomes');
    await ping(near);
    expect(world.served).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('a call whose answer is lost with the line fails with the bare number -1, or is answered where resume is agreed', async () => {
    const { near } = world;
    const lost = call(near, 'slow', 'wait', 'x');
    await waitFor(() => world.slow.length === 1, 'the call');
    const outcome = keepsAnswers ? lost : failureOf(lost);
    await world.cutLine();
    world.slow[0]?.('late');
    expect(await reconnect(pair.client, near, world.port)).toBeNull();
    expect(await outcome).toEqual(keepsAnswers ? ['late'] : -1);
    expect(await call(near, 'log', 'add', 'y')).toEqual(['y']);
    expect(world.served).toEqual(['x', 'y']);
  });

  test('a late answer to a call of before the cut is not taken for the answer of another one', async () => {
    const { near } = world;
    const lost = call(near, 'slow', 'wait', 'x');
    const outcome = keepsAnswers ? lost : failureOf(lost);
    await waitFor(() => world.slow.length === 1, 'the call');
    await world.cutLine();
    expect(await reconnect(pair.client, near, world.port)).toBeNull();
    if (!keepsAnswers) expect(await outcome).toBe(-1);
    world.slow[0]?.('late');
    if (keepsAnswers) expect(await outcome).toEqual(['late']);
    expect(await call(near, 'log', 'add', 'y')).toEqual(['y']);
  });

  test('several cuts one after the other lose nothing', async () => {
    const { near } = world;
    for (let turn = 0; turn < 5; turn++) {
      await world.cutLine();
      const offline = outcomeOf(near, 'log', 'add', turn);
      expect(await reconnect(pair.client, near, world.port)).toBeNull();
      await waitFor(() => offline.length > 0, 'the answer');
      expect(offline).toEqual([null, turn]);
    }
    expect(world.served).toEqual([0, 1, 2, 3, 4]);
  });

  test('the session’s state and name survive', async () => {
    await call(world.near, 'state', 'set', { some: 'state' });
    await world.cutLine();
    expect(await reconnect(pair.client, world.near, world.port)).toBeNull();
    expect(await call(world.near, 'state', 'get')).toEqual([{ some: 'state' }, null]);
  });

  test('a session in a fresh connect is resumed by a new Connection', async () => {
    const { near, far } = world;
    await call(near, 'state', 'set', 5);
    await world.cutLine();
    far.emitRemoteEvent('log', 'note', ['missed']);
    const heir = await world.connect({ session: near.session });
    expect(heir).not.toBe(near);
    expect(await call(heir, 'state', 'get')).toEqual([5, null]);
    await waitFor(() => world.clientSaw.length === 1, 'the missed event');
    expect(world.clientSaw).toEqual(['missed']);
  });

  test('the server tells of a reconnect and of the restored session', async () => {
    const told: unknown[] = [];
    world.server.on('reconnect', (who: PeerConnection) => told.push(['reconnect', who.session?.id]));
    world.server.on('restoreSession', (session: { id: string }, _who: unknown, app: { name: string }) => {
      told.push(['restoreSession', session.id, app.name]);
    });
    world.server.on('connect', () => told.push('connect'));
    const id = world.near.session?.id;
    await world.cutLine();
    await reconnect(pair.client, world.near, world.port);
    await ping(world.near);
    expect(told).toEqual([
      ['restoreSession', id, 'app'],
      ['reconnect', id],
    ]);
  });
});

describe('a link is replaced while the old one lives', () => {
  test.each(ALL_PAIRS.filter(({ server }) => server === ours))('reconnect, $title', async (pair) => {
    world = await ResumeWorld.start(pair, closing);
    for (let turn = 0; turn < 10; turn++) {
      expect(await reconnect(pair.client, world.near, world.port)).toBeNull();
      expect(await call(world.near, 'log', 'add', turn)).toEqual([turn]);
      expect(await call(world.far, 'log', 'add', turn)).toEqual([turn]);
    }
    await ping(world.near);
    expect(world.server.getClientsArray()).toHaveLength(1);
    expect(await call(world.near, 'log', 'add', 'still')).toEqual(['still']);
  });

  test('reconnect, our client, reference server', async () => {
    world = await ResumeWorld.start(MIXED_PAIRS[0] ?? ALL_PAIRS[0], closing);
    for (let turn = 0; turn < 10; turn++) {
      expect(await reconnect(ours, world.near, world.port)).toBeNull();
      expect(await call(world.near, 'log', 'add', turn)).toEqual([turn]);
    }
    await ping(world.near);
    expect(await call(world.near, 'log', 'add', 'still')).toEqual(['still']);
  });

  test.each(ALL_PAIRS.filter(({ server }) => server === ours))(
    'another connection with the same session takes it over, $title',
    async (pair) => {
      world = await ResumeWorld.start(pair, closing);
      const { near } = world;
      await call(near, 'state', 'set', 1);
      const closed = new Promise((resolve) => near.on('close', resolve));
      const copy = pair.client.Session.fromString(near.session?.toString() ?? '');
      const heir = await world.connect({ session: copy });
      await within(closed, 'the end of the old link');
      expect(await call(heir, 'state', 'get')).toEqual([1, null]);
      await ping(heir);
      expect(await call(heir, 'state', 'get')).toEqual([1, null]);
      expect(world.server.getClientsArray()).toHaveLength(1);
    },
  );

  test('calls under way on the old link fail with -1 or are sent again, none is left hanging', async () => {
    world = await ResumeWorld.start(ALL_PAIRS[2] ?? ALL_PAIRS[0], closing);
    const outcomes = Array.from({ length: 20 }, (_, n) => outcomeOf(world.near, 'log', 'add', n));
    expect(await reconnect(ours, world.near, world.port)).toBeNull();
    await waitFor(() => outcomes.every((outcome) => outcome.length > 0), 'all outcomes');
    expect(world.served).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });
});

describe('callMethodWithResend', () => {
  test.each(ALL_PAIRS.filter(({ client }) => client === ours))(
    'makes a call whose answer was lost again, with its arguments, $title',
    async (pair) => {
      world = await ResumeWorld.start(pair, closing);
      const answer = new Promise((resolve) => {
        world.near.callMethodWithResend('slow', 'wait', ['kept'], (...outcome: unknown[]) =>
          resolve(outcome),
        );
      });
      await waitFor(() => world.slow.length === 1, 'the call');
      await world.cutLine();
      expect(await reconnect(pair.client, world.near, world.port)).toBeNull();
      // A server that keeps its answers has the first call still.
      const runs = pair.server === ours ? 1 : 2;
      await waitFor(() => world.slow.length === runs, 'the last call');
      world.slow.at(-1)?.('done');
      expect(await within(answer, 'the answer')).toEqual([null, 'done']);
      expect(world.served).toEqual(Array.from({ length: runs }, () => 'kept'));
    },
  );
});

describe('the reference server counts wrongly after a restore', () => {
  test('our client takes its repeated numbers for new messages', async () => {
    world = await ResumeWorld.start({ title: '', server: reference, client: ours }, closing);
    const { far } = world;
    const ids: unknown[] = [];
    world.near.on('incomingMessage', (message: { event?: unknown[]; call?: unknown[] }) => {
      ids.push((message.event ?? message.call)?.[0]);
    });
    for (const label of ['a', 'b', 'c']) far.emitRemoteEvent('log', 'note', [label]);
    await waitFor(() => world.clientSaw.length === 3, 'three events');
    await world.cutLine();
    expect(await reconnect(ours, world.near, world.port)).toBeNull();
    for (const label of ['d', 'e']) far.emitRemoteEvent('log', 'note', [label]);
    expect(await call(far, 'log', 'add', 'f')).toEqual(['f']);
    expect(world.clientSaw).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    // -2 and -3 come a second time: that is the reference's, and the point of this test.
    expect(ids.filter((id) => id !== undefined)).toEqual([-1, -2, -3, -2, -3, -4]);
  });

  test('even a call with the number 0 is served and answered', async () => {
    world = await ResumeWorld.start({ title: '', server: reference, client: ours }, closing);
    const { far } = world;
    far.emitRemoteEvent('log', 'note', ['a']);
    await waitFor(() => world.clientSaw.length === 1, 'the event');
    await world.cutLine();
    expect(await reconnect(ours, world.near, world.port)).toBeNull();
    expect(await call(far, 'log', 'add', 'zero')).toEqual(['zero']);
    expect(await call(world.near, 'log', 'add', 'x')).toEqual(['x']);
  });
});

describe('event-only traffic is acknowledged by pings in between', () => {
  test.each(MIXED_PAIRS)('$title', async (pair) => {
    world = await ResumeWorld.start(pair, closing);
    const sender = pair.client === ours ? world.near : world.far;
    const arrived = pair.client === ours ? world.served : world.clientSaw;
    const { journal } = sender.session as unknown as { journal: { size: number } };
    for (let batch = 0; batch < 5; batch++) {
      for (let n = 0; n < 1000; n++) sender.emitRemoteEvent('log', 'note', [n]);
      await waitFor(() => arrived.length === (batch + 1) * 1000, 'the events');
    }
    await waitFor(() => journal.size < 2500, 'the acknowledgement');
    expect(journal.size).toBeLessThan(2500);
  });
});

test('our client of a reference server that has lost its sessions logs in afresh, and sends what it had kept', async () => {
  let heirPort = 0;
  const reconnector = (_connection: unknown, again: (...args: unknown[]) => void): void => {
    setTimeout(() => again(heirPort, '127.0.0.1'), 1);
  };
  world = await ResumeWorld.start(MIXED_PAIRS[0], closing, {}, { reconnector });
  const { near } = world;
  const { id } = near.session ?? {};
  const lost: unknown[] = [];
  near.on('sessionLost', (session: { id: string }) => lost.push(session.id));
  // A server that has just been started knows nobody.
  const heir = await startServer(reference, { applications: [world.serverApplication()] }, closing);
  heirPort = heir.port;
  await world.cutLine();
  const answer = outcomeOf(near, 'log', 'add', 'kept');
  await waitFor(() => answer.length > 0, 'the answer');
  expect(answer).toEqual([null, 'kept']);
  expect(world.served).toEqual(['kept']);
  expect(lost).toEqual([id]);
  expect(near.session?.id).not.toBe(id);
});
