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

/** How a suite of cases gets at the providers that it tries. */
export interface SessionStorageSuiteOptions {
  /** Makes a provider whose store is empty. */
  create(): SessionStorageProvider | Promise<SessionStorageProvider>;
  /** For a store that servers share: makes another provider over the store of the last `create`. @default not shared */
  createSecond?(): SharedSessionStorageProvider | Promise<SharedSessionStorageProvider>;
  /** Cuts a provider of a shared store off from it, as the death of its process does. @default such cases are left out */
  kill?(provider: SharedSessionStorageProvider): unknown;
  /** All that the store holds, as text. @default the case that looks for ids in it is left out */
  dump?(): string | Promise<string>;
  /** Ends a provider; called after each case, for each one that was made. @default nothing */
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

/** Beyond every lease and time limit that a suite is run with. */
const CLAIM_LIMIT_MS = 15_000;
const CLAIM_PAUSE_MS = 20;

/** A server, as far as a shared store sees it. */
export class StorageUser implements SessionOwner {
  /** The sessions that it has, by id: what it hands over when asked. */
  readonly live = new Map<string, Session>();
  /** What it was asked to hand over. */
  readonly asked: string[] = [];
  /** What it was told to be lost. */
  readonly gone: string[] = [];
  /** How many hand-overs were under way at once, at most. */
  mostAtOnce = 0;
  /** How long a hand-over takes, in milliseconds. */
  handOverMs = 0;
  /** Whether it hands nothing over. */
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
    this.gone.push(id);
  }

  reportError(): void {
    // The store's end in a case is no failure of it.
  }

  /** Opens a session. */
  async open(session: Session): Promise<Session> {
    this.live.set(session.id, session);
    await this.provider.create(session.id, session);
    return session;
  }

  /** Gives a session up. */
  async giveUp(session: Session): Promise<void> {
    this.live.delete(session.id);
    await this.provider.release(session.id, session);
  }

  /** Resumes a session, asking again while it is busy. */
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

  /** Ends serving. */
  async stop(): Promise<void> {
    await this.end?.();
    this.end = undefined;
  }
}

/** The providers of one case. */
export class StorageWorld {
  private readonly made: SessionStorageProvider[] = [];
  private readonly users: StorageUser[] = [];

  constructor(readonly options: SessionStorageSuiteOptions) {}

  /** A provider; one of a shared store is served by a server. */
  async provider(): Promise<SessionStorageProvider> {
    const provider = await this.options.create();
    this.made.push(provider);
    if (isShared(provider)) this.users.push(new StorageUser(provider));
    return provider;
  }

  /** Two servers with one store. */
  async twoUsers(): Promise<[StorageUser, StorageUser]> {
    const first = await this.options.create();
    this.made.push(first);
    const second = await this.options.createSecond?.();
    assert.ok(
      second && isShared(first),
      'create() makes a provider that is shared, as createSecond() is given',
    );
    this.made.push(second);
    const users: [StorageUser, StorageUser] = [new StorageUser(first), new StorageUser(second)];
    this.users.push(...users);
    return users;
  }

  /** Ends all that was made. */
  async end(): Promise<void> {
    for (const user of this.users) await user.stop();
    for (const provider of this.made) await this.options.destroy?.(provider);
  }
}

/** Stores a session as a server does whose client has gone. */
export async function put(provider: SessionStorageProvider, session: Session): Promise<void> {
  await provider.set(session.id, session);
  await provider.setInactive?.(session.id);
}

/** Gets a session as a server does whose client has come. */
export function take(provider: SessionStorageProvider, id: string): Promise<Session | undefined> {
  return new Promise((resolve, reject) => {
    loadSession(provider, id, (error, session) => {
      if (error) reject(error);
      else resolve(session);
    });
  });
}

/** A session with something in each place. */
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

/** Asserts that a session came back as it was stored. */
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
