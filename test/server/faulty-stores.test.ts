import { afterEach, describe, expect, test } from '@jest/globals';
import type { Session, SharedSessionStorageProvider } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { ServerOnTheWire } from '../support/resume-wire.js';
import { waitFor } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

type Method = 'serve' | 'create' | 'save' | 'release' | 'revive' | 'delete';
const METHODS: readonly Method[] = ['serve', 'create', 'save', 'release', 'revive', 'delete'];

/** A store whose author has written one method wrong; it tells which ones were asked. */
function storeWith(method: Method, fault: () => unknown): [SharedSessionStorageProvider, Set<string>] {
  const sessions = new Map<string, Session>();
  const asked = new Set<string>();
  const answer = (name: Method, outcome: unknown): unknown => {
    asked.add(name);
    return name === method ? fault() : outcome;
  };
  const keep = (name: Method) => (id: string, session: Session) => {
    sessions.set(id, session);
    return answer(name, Promise.resolve()) as Promise<void>;
  };
  const store: SharedSessionStorageProvider = {
    writeThrough: false,
    serve: () => answer('serve', () => Promise.resolve()) as () => Promise<void>,
    create: keep('create'),
    save: keep('save'),
    release: keep('release'),
    set: () => undefined,
    get: (id) => sessions.get(id),
    claim: (id) => Promise.resolve(sessions.get(id)),
    revive: () => answer('revive', Promise.resolve()) as Promise<void>,
    delete: () => answer('delete', Promise.resolve()) as Promise<void>,
  };
  return [store, asked];
}

const EXTENSIONS = '{bye:1,resume:1}';

/** All that brings a server to its store: a client logs in, is cut, comes back, is cut and stays away; another one says bye. */
async function liveThrough(wire: ServerOnTheWire, asked: ReadonlySet<string>): Promise<void> {
  const { peer, id, connection } = await wire.login(EXTENSIONS);
  connection.session?.set('cart', 1);
  await wire.cut(peer);
  const back = await wire.resume(id, 0, EXTENSIONS);
  await waitFor(() => asked.has('revive'), 'the resume');
  if (wire.server.getClientsArray().length > 0) await wire.cut(back);
  await waitFor(() => asked.has('release'), 'the end of its time');
  const other = await wire.login(EXTENSIONS);
  other.connection.session?.set('cart', 2);
  other.peer.send("{bye:['close']}");
  // Or the server would give it two seconds to close its side.
  other.peer.socket.end();
  await waitFor(() => asked.has('delete'), 'the bye');
  other.peer.destroy();
  back.destroy();
}

async function run(method: Method, fault: () => unknown): Promise<unknown[]> {
  const [store, asked] = storeWith(method, fault);
  const wire = await ServerOnTheWire.start(closing, {
    sessionStorageProvider: store,
    // Long enough that a client that was held up comes back within it.
    clientExpirationTime: 1000,
    extensions: ['bye', 'resume'],
  });
  const errors: unknown[] = [];
  for (const name of ['storageError', 'connectionError'] as const)
    wire.server.on(name, (...args: unknown[]) => errors.push(args.find((arg) => arg instanceof Error)));
  await liveThrough(wire, asked);
  const { peer } = await wire.login(EXTENSIONS);
  peer.send('{ping:[1]}');
  expect(await peer.received(1)).toEqual(['{pong:[1]}']);
  peer.destroy();
  return errors;
}

/** What the server has told of each method, where that one is wrong. A server with clients that stay away takes its time. */
async function runAll(fault: () => unknown): Promise<[method: Method, errors: unknown[]][]> {
  return Promise.all(
    METHODS.map(async (method): Promise<[Method, unknown[]]> => [method, await run(method, fault)]),
  );
}

describe('a shared store with a method that', () => {
  const broken = new Error('broken store');

  test.each<[title: string, fault: () => unknown]>([
    [
      'throws',
      () => {
        throw broken;
      },
    ],
    ['rejects', () => Promise.reject(broken)],
  ])('%s: the server tells of it and goes on', async (_title, fault) => {
    const told = expect.arrayContaining([broken]) as unknown;
    expect(await runAll(fault)).toEqual(METHODS.map((method) => [method, told]));
  });

  test.each<[title: string, fault: () => unknown]>([
    ['returns nothing', () => undefined],
    ['returns what is no Promise', () => 5],
  ])('%s: the server takes it as done and goes on', async (_title, fault) => {
    expect(await runAll(fault)).toEqual(METHODS.map((method) => [method, []]));
  });
});

describe('a session whose state no store can take', () => {
  const circle: unknown[] = [];
  circle.push(circle);

  test.each([
    ['a bigint', 10n],
    ['a cycle', circle],
  ])('ends at the next step, which is told, where each step is stored (%s)', async (_title, value) => {
    const [store] = storeWith('save', () => Promise.resolve());
    const texts: string[] = [];
    const sessionStorageProvider: SharedSessionStorageProvider = {
      ...store,
      writeThrough: true,
      save: async (_id, session) => void texts.push(session.serialize()),
    };
    const wire = await ServerOnTheWire.start(closing, {
      sessionStorageProvider,
      extensions: ['bye', 'resume'],
    });
    const errors: unknown[] = [];
    wire.server.on('connectionError', (error) => errors.push(error));
    const { peer, connection } = await wire.login(EXTENSIONS);
    connection.session?.set('total', value);
    peer.send("{call:[1,'a'],b:[]}");
    expect(await peer.received(1)).toEqual(["{bye:['close']}"]);
    await waitFor(() => errors.length > 0, 'the error');
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_JSTP_SESSION_STATE' })]);
    expect(texts).toEqual([]);
    const other = await wire.login(EXTENSIONS);
    other.peer.send('{ping:[1]}');
    expect(await other.peer.received(1)).toEqual(['{pong:[1]}']);
    other.peer.destroy();
  });
});
