import { describe, expect, test } from '@jest/globals';
import { Application, createAppsIndex, SimpleSessionStorageProvider, type Api } from '../../lib/core.js';
import { InternalApiError } from '../../lib/application/application.js';
import { Applications } from '../../lib/application/applications.js';
import type { Back } from '../support/core.js';
import { turns } from '../support/quiet.js';

describe('an application', () => {
  test('takes its version from the name, the argument or the default', () => {
    const version = (...args: [string, Api, Api?, string?]): string => {
      const { name, version: found } = new Application(...args);
      return `${name} ${found}`;
    };
    expect(version('app', {})).toBe('app 1.0.0');
    expect(version('app@2.3.4', {})).toBe('app 2.3.4');
    expect(version('app@2.3.4', {}, {}, '5.0.0')).toBe('app 2.3.4');
    expect(version('app', {}, {}, '5.0.0-rc.1')).toBe('app 5.0.0-rc.1');
    expect(version('app@', {})).toBe('app 1.0.0');
  });

  test.each(['app@one', 'app@1', 'app@^1.0.0'])('%s has no version: a TypeError', (name) => {
    expect(() => new Application(name, {})).toThrow(TypeError);
    expect(() => new Application(name, {})).toThrow(/Invalid semver version/);
  });

  test('takes a storage provider last, or in the place of the version', () => {
    const provider = new SimpleSessionStorageProvider();
    expect(new Application('app', {}, {}, '1.0.0', provider).sessionsStorage).toBe(provider);
    expect(new Application('app', {}, {}, provider).sessionsStorage).toBe(provider);
    expect(new Application('app', {}, {}, provider).version).toBe('1.0.0');
    expect(new Application('app', {}, {}, null).sessionsStorage).toBeUndefined();
  });

  const api: Api = {
    iface: {
      sync: (_connection: unknown, a: number, callback: Back) => callback(null, a),
      throws: (_connection: unknown, _callback: Back) => {
        throw new Error('out');
      },
      one: async (_connection: unknown, a: number) => a,
      none: async (_connection: unknown) => undefined,
      fails: async (_connection: unknown) => {
        throw new Error('inside');
      },
      failsWith: async (_connection: unknown, what: unknown) => {
        throw what;
      },
    },
  };
  api['iface'] = { ...api['iface'], notAFunction: 5 as unknown as () => void };

  async function outcome(iface: string, method: string, ...args: unknown[]): Promise<unknown> {
    let result: unknown;
    new Application('app', api).callMethod(null, iface, method, args, (...given) => (result = given));
    await turns();
    return result;
  }

  test('calls methods with and without async, and checks names and numbers', async () => {
    expect(await outcome('iface', 'sync', 1)).toEqual([null, 1]);
    expect(await outcome('iface', 'one', 1)).toEqual([null, 1]);
    expect(await outcome('iface', 'none')).toEqual([null]);
    expect(await outcome('other', 'sync', 1)).toEqual([12]);
    expect(await outcome('iface', 'other')).toEqual([14]);
    expect(await outcome('iface', 'notAFunction')).toEqual([14]);
    expect(await outcome('iface', 'sync')).toEqual([17]);
    expect(await outcome('iface', 'one', 1, 2)).toEqual([17]);
  });

  test.each([0, 1, 2, 3, 4])(
    'a method without async gets its callback behind %i arguments',
    async (count) => {
      const args = Array.from({ length: count }, (_, index) => index);
      const connection = {};
      const method = (...given: unknown[]): unknown => (given.pop() as Back)(null, given);
      Object.defineProperty(method, 'length', { value: count + 2 });
      let outcome: unknown;
      const application = new Application('app', { iface: { method } });
      application.callMethod(connection, 'iface', 'method', args, (_error, given) => (outcome = given));
      expect(outcome).toEqual([connection, ...args]);
      expect(args).toHaveLength(count);
    },
  );

  test('what an async method throws: a plain Error hides behind 16, the rest is the author’s answer', async () => {
    const [error] = (await outcome('iface', 'fails')) as [InternalApiError];
    expect(error).toBeInstanceOf(InternalApiError);
    expect([error.toJSTP(), String(error.cause)]).toEqual([[16], 'Error: inside']);
    const answer = Object.assign(new Error('x'), { toJSTP: () => [5] });
    expect(await outcome('iface', 'failsWith', answer)).toEqual([answer]);
    expect(await outcome('iface', 'failsWith', 'text')).toEqual(['text']);
    expect(await outcome('iface', 'failsWith', undefined)).toEqual([16]);
    expect(await outcome('iface', 'failsWith', null)).toEqual([16]);
  });

  test('what a method throws reaches the caller of callMethod', () => {
    const app = new Application('app', api);
    expect(() => app.callMethod(null, 'iface', 'throws', [], () => undefined)).toThrow('out');
  });

  test('lists methods, and runs the handlers of events', () => {
    const seen: unknown[] = [];
    const app = new Application('app', api, {
      iface: { event: (...args: unknown[]) => seen.push(args), notAFunction: 5 as unknown as () => void },
    });
    expect(app.getMethods('iface')).toEqual(Object.keys(api['iface'] ?? {}));
    expect(app.getMethods('other')).toBeUndefined();
    for (const [iface, event] of [
      ['iface', 'event'],
      ['iface', 'other'],
      ['other', 'event'],
      ['iface', 'notAFunction'],
      ['__proto__', 'toString'],
    ] as const) {
      app.handleEvent('connection', iface, event, [1, 2]);
    }
    expect(seen).toEqual([['connection', 1, 2]]);
  });
});

describe('the applications of a server', () => {
  const make = (...versions: string[]): Application[] =>
    versions.map((version) => new Application('app', {}, {}, version));

  test('an index has the versions and the latest, pre-releases included', () => {
    const [a, b, c] = make('1.0.0', '2.0.0-rc.1', '1.5.0');
    const index = createAppsIndex([a, b, c]);
    expect([...(index.get('app')?.keys() ?? [])].sort()).toEqual(['1.0.0', '1.5.0', '2.0.0-rc.1', 'latest']);
    expect(index.get('app')?.get('latest')).toBe(b);
    expect(() => createAppsIndex(make('1.0.0', '1.0.0'))).toThrow(
      'Multiple instances of application: app with version: 1.0.0',
    );
  });

  test('are found by exact version, range or nothing', () => {
    const applications = new Applications(make('1.0.0', '2.0.0-rc.1', '1.5.0'), 20);
    const version = (asked?: string): string | undefined => applications.find('app', asked)?.version;
    expect([version(), version(''), version('1.0.0'), version('^1.0.0'), version('>1')]).toEqual([
      '2.0.0-rc.1',
      '2.0.0-rc.1',
      '1.0.0',
      '1.5.0',
      undefined,
    ]);
    expect([version('nonsense'), version('3'), version('1.0.0 || 1.5.0 || 2.0.0')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(applications.find('other', undefined)).toBeUndefined();
    expect([...applications].map((app) => app.version)).toEqual(['2.0.0-rc.1', '1.5.0', '1.0.0']);
  });

  test('an update stays in the range, or in the major where none was given', () => {
    const applications = new Applications(make('1.0.0', '1.5.0', '2.0.0'), 256);
    const [current] = make('1.0.0');
    const update = (asked?: string): string | undefined => applications.findUpdate(current, asked)?.version;
    expect([
      update('1.0.0'),
      update(undefined),
      update('^1.0.0'),
      update('*'),
      update('~1.0.0'),
      update('~1.1.0'),
    ]).toEqual([undefined, '1.5.0', '1.5.0', '2.0.0', '1.0.0', undefined]);
  });
});
