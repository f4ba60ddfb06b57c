import { describe, expect, test } from '@jest/globals';
import { Session, SimpleSessionStorageProvider, type SessionStorageProvider } from '../../lib/core.js';
import { sessionStorageCases, type SessionStorageSuiteOptions } from '../../lib/testing/index.js';

/** A provider as users write them: texts by Promises. */
class TextProvider implements SessionStorageProvider {
  protected readonly texts = new Map<string, string>();

  async get(id: string): Promise<Session | null> {
    const text = this.texts.get(id);
    return text === undefined ? null : Session.fromString(text);
  }

  async set(id: string, session: Session): Promise<void> {
    this.texts.set(id, session.toString());
  }

  async delete(id: string): Promise<void> {
    this.texts.delete(id);
  }
}

/** The names of the cases that providers fail. */
async function failures(options: SessionStorageSuiteOptions): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of sessionStorageCases(options)) {
    await run().catch(() => failed.push(name));
  }
  return failed;
}

describe('the memory provider', () => {
  const options: SessionStorageSuiteOptions = {
    create: () => new SimpleSessionStorageProvider(),
    destroy: (provider) => (provider as SimpleSessionStorageProvider).clear(),
  };
  for (const { name, run } of sessionStorageCases(options)) test(name, run);
});

describe('a provider of texts that answers by Promises', () => {
  for (const { name, run } of sessionStorageCases({ create: () => new TextProvider() })) test(name, run);
});

describe('the suite finds', () => {
  test('a provider that forgets the journal', async () => {
    class Forgetful extends TextProvider {
      override async set(id: string, { username }: Session): Promise<void> {
        this.texts.set(id, new Session(null, username, id).toString());
      }
    }
    const failed = await failures({ create: () => new Forgetful() });
    expect(failed).toContain('gives back a session as it was stored, by its id');
  });

  test('a provider that keeps what it was told to delete', async () => {
    class Hoarder extends TextProvider {
      override async delete(): Promise<void> {
        // Nothing is thrown away.
      }
    }
    expect(await failures({ create: () => new Hoarder() })).toEqual([
      'forgets what is deleted, and that alone',
    ]);
  });

  test('a provider that looks ids up in an object', async () => {
    class Careless extends SimpleSessionStorageProvider {
      private readonly byId: Record<string, Session | undefined> = {};
      override get(id: string): Session | undefined {
        return this.byId[id];
      }
      override set(id: string, session: Session): this {
        this.byId[id] = session;
        return this;
      }
    }
    const failed = await failures({ create: () => new Careless() });
    expect(failed).toContain('gives nothing for an id that it does not know');
  });

  test('a provider that is not shared, told to be', async () => {
    const failed = await failures({
      create: () => new SimpleSessionStorageProvider(),
      createSecond: () => new SimpleSessionStorageProvider() as never,
    });
    expect(failed).toHaveLength(9);
  });
});
