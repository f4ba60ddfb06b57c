import { AsyncLocalStorage } from 'node:async_hooks';
import * as diagnostics from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Application,
  type Connection,
  type Operation,
  type OperationKind,
  type SendOperation,
} from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { API, dial, startCore, type Back } from '../support/core.js';
import { waitFor } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

const KINDS = Object.keys({
  call: true,
  serve: true,
  emit: true,
  handle: true,
  connect: true,
  handshake: true,
  resume: true,
} satisfies Record<OperationKind, true>) as OperationKind[];

const PARTS = ['start', 'end', 'error', 'asyncStart', 'asyncEnd'] as const;

/** Fields that what is sent has not. */
const OF_RECEIVED = ['receivedLength', 'isDeclared', 'wildcard'];

interface Published {
  readonly channel: string;
  readonly part: (typeof PARTS)[number];
  readonly operation: Operation;
}

function listen(kind: OperationKind, part: string, listener: (operation: Operation) => void): void {
  const name = `tracing:jstp.${kind}:${part}`;
  const onMessage = (message: unknown): void => {
    listener(message as Operation);
  };
  diagnostics.subscribe(name, onMessage);
  closing.add(() => diagnostics.unsubscribe(name, onMessage));
}

/** Collects what is published to all channels. */
function subscribe(): Published[] {
  const published: Published[] = [];
  for (const kind of KINDS) {
    for (const part of PARTS) {
      listen(kind, part, (operation) => {
        published.push({ channel: `jstp.${kind}`, part, operation });
      });
    }
  }
  return published;
}

const partsOf = (published: Published[], channel: string): string[] =>
  published.filter((one) => one.channel === channel).map(({ part }) => part);

const application = new Application<Connection>(
  'app',
  {
    ...API,
    slow: {
      wait: async (_connection: Connection) => {
        await Promise.resolve();
      },
    },
  },
  { echo: { told: () => undefined } },
);

async function connected() {
  const { port, server } = await startCore(closing, { applications: [application] });
  return { connection: await dial(closing, port), port, server };
}

describe('an operation publishes its parts in the order of Node’s tracePromise', () => {
  const done = ['start', 'end', 'asyncStart', 'asyncEnd'];
  const failed = ['start', 'end', 'error', 'asyncStart', 'asyncEnd'];

  test.each([
    ['a call that is answered at once', 'echo', 'back', [1], done],
    ['a call that is answered later', 'slow', 'wait', [], done],
    ['a call that fails', 'echo', 'fail', [], failed],
    ['a call that no application gets', 'none', 'none', [], failed],
  ])('%s', async (_what, interfaceName, name, args, parts) => {
    const { connection } = await connected();
    const published = subscribe();
    await connection.callMethod(interfaceName, name, args).catch(() => undefined);
    expect(partsOf(published, 'jstp.call')).toEqual(parts);
    expect(partsOf(published, 'jstp.serve')).toEqual(parts);
  });

  test('and all of them with the same object', async () => {
    const { connection } = await connected();
    const published = subscribe();
    await connection.callMethod('echo', 'back', [1]);
    const calls = published.filter(({ channel }) => channel === 'jstp.call');
    expect(new Set(calls.map(({ operation }) => operation)).size).toBe(1);
    expect(calls[0].operation).toMatchObject({ interfaceName: 'echo', name: 'back', args: [1], code: 0 });
  });
});

test('handlers run in the stores that are bound to the start, callers are called back in their own', async () => {
  const store = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const ask = (_connection: Connection, callback: Back): void => {
    seen.push(store.getStore());
    callback(null);
  };
  const { port } = await startCore(closing, { applications: [new Application('app', { i: { ask } })] });
  const connection = await dial(closing, port);
  for (const kind of ['serve', 'call']) {
    const { start } = diagnostics.tracingChannel<unknown, Operation>(`jstp.${kind}`);
    start.bindStore(store, () => kind);
    closing.add(() => start.unbindStore(store));
  }
  await new Promise<void>((resolve) => {
    connection.callMethod('i', 'ask', [], () => {
      seen.push(store.getStore());
      resolve();
    });
  });
  expect(seen).toEqual(['serve', undefined]);
});

test('a subscriber of the start of a call may say what travels beside its arguments', async () => {
  const { connection } = await connected();
  listen('call', 'start', (operation) => {
    (operation as SendOperation).metadata = { traceparent: 'of the test' };
  });
  const published = subscribe();
  await connection.callMethod('echo', 'back', [1]);
  const served = published.find((one) => one.channel === 'jstp.serve');
  expect(served?.operation).toMatchObject({ metadata: { traceparent: 'of the test' } });
});

test('a subscriber of one channel gets nothing of the others', async () => {
  const published: Operation[] = [];
  listen('emit', 'asyncEnd', (operation) => published.push(operation));
  const { connection } = await connected();
  connection.emitRemoteEvent('echo', 'told', []);
  await connection.callMethod('echo', 'back', [1]);
  expect(published.map(({ kind }) => kind)).toEqual(['emit']);
});

describe('docs/reference/diagnostics.md', () => {
  const page = readFileSync('docs/reference/diagnostics.md', 'utf8');
  const namesUnder = (heading: string): string[] => {
    const section = page.split(new RegExp(`^#+ ${heading}$`, 'm'))[1]?.split(/^#/m)[0] ?? '';
    return [...section.matchAll(/^\| `([\w.]+)` \|/gm)].map(([, name]) => name);
  };
  const fieldsOf = (operation: object): string[] => {
    const prototype: object = Object.getPrototypeOf(operation);
    const getters = prototype === Object.prototype ? [] : Object.getOwnPropertyNames(prototype);
    // A private member of the code.
    const hidden = ['constructor', 'serving'];
    return [...Object.keys(operation), ...getters].filter((name) => !hidden.includes(name)).sort();
  };

  test('has each channel', () => {
    expect(namesUnder('Channels')).toEqual(KINDS.map((kind) => `jstp.${kind}`));
  });

  test('has each field of what is really published, and no other', async () => {
    const published = subscribe();
    const { port, server } = await startCore(closing, { applications: [application] });
    const connection = await dial(closing, port, {
      reconnector: (_connection, reconnectFn) => {
        reconnectFn(port, '127.0.0.1');
      },
    });
    connection.emitRemoteEvent('echo', 'told', []);
    await connection.callMethod('echo', 'back', [1]);
    const back = new Promise((resolve) => server.once('reconnect', resolve));
    (connection.getTransport() as Socket).destroy();
    await back;
    await waitFor(() => partsOf(published, 'jstp.resume').at(-1) === 'asyncEnd', 'the end of a resume');
    const all = namesUnder('All');
    const messages = [...all, ...namesUnder('Calls and events')];
    const expected: Record<string, string[]> = {
      call: messages.filter((name) => !OF_RECEIVED.includes(name)),
      emit: messages.filter((name) => !OF_RECEIVED.includes(name)),
      serve: messages,
      handle: messages,
      connect: [...all, ...namesUnder('Connects')],
      handshake: [...all, ...namesUnder('Handshakes and resumes')],
      resume: [...all, ...namesUnder('Handshakes and resumes')],
    };
    const kinds = published.map(({ operation }) => operation.kind);
    expect([...new Set(kinds)].sort()).toEqual([...KINDS].sort());
    for (const { operation } of published)
      expect([operation.kind, fieldsOf(operation)]).toEqual([
        operation.kind,
        expected[operation.kind].sort(),
      ]);
  });
});
