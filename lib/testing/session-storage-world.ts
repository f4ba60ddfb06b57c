import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { loadSession } from '../session/ask-session-storage.js';
import { Session } from '../session/session.js';
import type { SessionStorageProvider } from '../session/session-storage.js';
import {
  isShared,
  type SessionOwner,
  type SharedSessionStorageProvider,
} from '../session/shared-session-storage.js';
import { now } from '../util/host.js';

/** The options of `sessionStorageCases`: how the suite makes, ends and looks into the providers that it tests. */
export interface SessionStorageSuiteOptions {
  /** Makes a provider with an empty store. */
  create(): SessionStorageProvider | Promise<SessionStorageProvider>;
  /** Makes another provider with the store of the last `create`; for stores that servers share. @default not shared */
  createSecond?(): SharedSessionStorageProvider | Promise<SharedSessionStorageProvider>;
  /** Cuts a provider off from a shared store, as the death of its process does. @default such cases are left out */
  kill?(provider: SharedSessionStorageProvider): unknown;
  /** Returns all that the store holds, as text. @default the case that looks for ids in it is left out */
  dump?(): string | Promise<string>;
  /** Ends a provider. Called after each case, for each provider that was made. @default nothing */
  destroy?(provider: SessionStorageProvider): unknown;
}

/** The names of the options of the suite. */
export const SUITE_OPTION_NAMES = Object.keys({
  create: true,
  createSecond: true,
  kill: true,
  dump: true,
  destroy: true,
} satisfies Record<keyof SessionStorageSuiteOptions, true>);

/** How long a resume may take. Longer than every lease and timeout that a suite is run with. */
const CLAIM_LIMIT_MS = 15_000;
const CLAIM_PAUSE_MS = 20;

/** Stands for a server: the owner of sessions in a shared store. */
export class StoreServer implements SessionOwner {
  /** The sessions that the server has, by id. It hands them over when asked. */
  readonly live = new Map<string, Session>();
  /** The ids of the sessions that the server was asked to hand over. */
  readonly asked: string[] = [];
  /** The highest number of hand-overs that were under way at once. */
  mostAtOnce = 0;
  /** How long a hand-over takes, in milliseconds. */
  handOverMs = 0;
  /** Whether the server refuses to hand over. */
  isStubborn = false;
  private atOnce = 0;
  private end: (() => Promise<void>) | undefined;

  constructor(readonly provider: SharedSessionStorageProvider) {
    this.end = provider.serve(this);
  }

  async handOver(id: string): Promise<void> {
    this.asked.push(id);
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    await delay(this.handOverMs);
    const session = this.live.get(id);
    if (session && !this.isStubborn) {
      this.live.delete(id);
      await this.provider.release(id, session);
    }
    this.atOnce -= 1;
  }

  lost(id: string): void {
    this.live.delete(id);
  }

  reportError(): void {
    // Ignored. Why: cases cut servers off from the store, which then reports failures.
  }

  /** Creates a session. */
  async open(session: Session): Promise<Session> {
    this.live.set(session.id, session);
    await this.provider.create(session.id, session);
    return session;
  }

  /** Releases a session. */
  async release(session: Session): Promise<void> {
    this.live.delete(session.id);
    await this.provider.release(session.id, session);
  }

  /** Resumes a session; asks again for as long as it is busy. */
  async resume(id: string): Promise<Session | undefined> {
    const deadline = now() + CLAIM_LIMIT_MS;
    for (;;) {
      try {
        const session = await this.provider.claim(id);
        if (session) this.live.set(id, session);
        return session;
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ERR_JSTP_SESSION_BUSY' || now() > deadline) throw error;
      }
      await delay(CLAIM_PAUSE_MS);
    }
  }

  /** Stops serving. */
  async stop(): Promise<void> {
    await this.end?.();
    this.end = undefined;
  }
}

/** Makes the providers and servers of one case, and ends them. */
export class StorageWorld {
  private readonly made: SessionStorageProvider[] = [];
  private readonly servers: StoreServer[] = [];

  constructor(readonly options: SessionStorageSuiteOptions) {}

  /** Makes a provider; a shared one gets a server, too. */
  async provider(): Promise<SessionStorageProvider> {
    const provider = await this.options.create();
    this.made.push(provider);
    if (isShared(provider)) this.servers.push(new StoreServer(provider));
    return provider;
  }

  /** Makes two servers with one store. */
  async twoServers(): Promise<[StoreServer, StoreServer]> {
    const first = await this.options.create();
    this.made.push(first);
    const second = await this.options.createSecond?.();
    assert.ok(
      second && isShared(first),
      'create() makes a provider that is shared, as createSecond() is given',
    );
    this.made.push(second);
    const servers: [StoreServer, StoreServer] = [new StoreServer(first), new StoreServer(second)];
    this.servers.push(...servers);
    return servers;
  }

  /** Stops the servers, and ends the providers. */
  async end(): Promise<void> {
    for (const server of this.servers) await server.stop();
    for (const provider of this.made) await this.options.destroy?.(provider);
  }
}

/** Stores a session, as a server does when a client loses its connection. */
export async function put(provider: SessionStorageProvider, session: Session): Promise<void> {
  await provider.set(session.id, session);
  await provider.setInactive?.(session.id);
}

/** Gets a session, as a server does when a client resumes it. */
export function get(provider: SessionStorageProvider, id: string): Promise<Session | undefined> {
  return new Promise((resolve, reject) => {
    loadSession(provider, id, (error, session) => {
      if (error) reject(error);
      else resolve(session);
    });
  });
}

/** Makes a session with a value in each field. */
export function fullSession(id?: string, name = 'ann'): Session {
  const session = new Session(null, name, id, [
    ['room', 'lobby'],
    ['visits', 3],
    ['__proto__', { nested: [1, null, 'x \u0000'] }],
  ]);
  session.receivedCount = 7;
  session.binding = { application: 'chat', version: '^1.2.0', extensions: ['resume', 'stream'] };
  session.serving = [-3, -5];
  const { journal } = session;
  for (const text of ['first', 'second', 'third \u{1F600} \u0001 "\\']) journal.append(text);
  journal.acknowledge(1);
  journal.appendUnnumbered('an answer');
  journal.append('fourth');
  journal.appendUnnumbered('another answer');
  journal.appendUnnumbered('a third one');
  return session;
}

/** Asserts that a session was found, and is as it was stored. */
export function assertSame(actual: Session | undefined, expected: Session): void {
  assert.ok(actual, `The session of ${expected.username ?? 'an anonymous client'} was not found`);
  assert.deepEqual(contentsOf(actual), contentsOf(expected));
}

function contentsOf(session: Session): object {
  const { id, username, receivedCount, binding, journal, serving } = session;
  const { lastId, acknowledged, size, bytes } = journal;
  return {
    id,
    username,
    receivedCount,
    binding,
    serving: [...serving],
    state: [...session],
    journal: { lastId, acknowledged, size, bytes, entries: [...journal] },
  };
}
