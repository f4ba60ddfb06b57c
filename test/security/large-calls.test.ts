import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Application, type Connection, type Limits } from '../../lib/core.js';
import { SERVER_CONTROL } from '../../lib/server/control.js';
import { Closing } from '../support/closing.js';
import type { RawPeer } from '../support/raw-peer.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, guardProcess } from './arena.js';
import { CALL_BYTES } from '../../lib/connection/calls/weight.js';

const closing = new Closing();
const KIB = 1024;
const LARGE = 100 * KIB;
/** From this size on a call waits. */
const WAITS_FROM = 4 * KIB;
const MARK = "{call:[9,'mark'],run:['behind']}";

/** The address of whoever connects. */
let address: string;

guardProcess();
beforeEach(() => {
  address = '192.0.2.1';
});
afterEach(() => closing.run());

/** A server on which one address has as much under way as it may, or a little less. */
async function crowded(calls: number, limits: Partial<Limits> = {}): Promise<Arena> {
  const clientAddress = (): string => address;
  const arena = await Arena.start(closing, {
    limits: { maxBytesInFlightTotal: 10 * (LARGE + CALL_BYTES), ...limits },
    clientAddress,
  } as object);
  await fill(arena, calls);
  return arena;
}

/** Makes so many large calls, each of a client of its own. */
async function fill(arena: Arena, calls: number): Promise<void> {
  const before = arena.waiting.length;
  for (let count = 1; count <= calls; count++) {
    const peer = await arena.guest();
    peer.send(slow(1, LARGE));
    await waitFor(() => arena.waiting.length === before + count, 'a large call');
  }
}

/** A message of so many bytes. */
function sized(message: string, bytes: number): string {
  const rest = message.replace(/}$/, ",of:''}");
  return rest.replace("''", `'${'x'.repeat(bytes - rest.length)}'`);
}

const slow = (id: number, bytes: number): string => sized(`{call:[${String(id)},'slow'],wait:[]}`, bytes);

function answerAll(arena: Arena): void {
  for (const answer of arena.waiting.splice(0)) answer();
}

async function expectServed(arena: Arena, peer: RawPeer): Promise<void> {
  const before = arena.waiting.length;
  peer.send(slow(1, LARGE));
  await waitFor(() => arena.waiting.length === before + 1, 'the large call');
}

async function expectWaits(arena: Arena, peer: RawPeer, message = slow(1, LARGE)): Promise<void> {
  const before = arena.executed.length;
  peer.send(message, MARK);
  await arena.hasRead();
  await arena.hasRead();
  expect(arena.executed.slice(before)).toEqual([]);
}

describe('a large call of a client that has nothing under way', () => {
  test('is served where less is under way than limits.maxBytesInFlightTotal', async () => {
    const arena = await crowded(9);
    await expectServed(arena, await arena.guest());
    answerAll(arena);
  });

  test('waits at limits.maxBytesInFlightTotal, with all that is behind it, until half has ended', async () => {
    const arena = await crowded(10);
    const peer = await arena.guest();
    await expectWaits(arena, peer);
    for (const answer of arena.waiting.splice(0, 4)) answer();
    await arena.hasRead();
    expect(arena.executed).not.toContain('behind');
    arena.waiting.shift()?.();
    await waitFor(() => arena.executed.includes('behind'), 'the call behind it');
    expect(arena.executed.slice(10)).toEqual(['wait', 'behind']);
    answerAll(arena);
    await waitFor(() => arena.server[SERVER_CONTROL].bytesInFlight === 0, 'the end of all calls');
  });

  test('waits from 4 KiB on', async () => {
    const arena = await crowded(10);
    const served = await arena.guest();
    served.send(slow(1, WAITS_FROM - 1), MARK);
    await waitFor(() => arena.executed.includes('behind'), 'the call behind it');
    await expectWaits(arena, await arena.guest(), slow(1, WAITS_FROM));
  });

  test('is served at the limit where it comes from an address that has little, up to a quarter more', async () => {
    const arena = await crowded(10);
    for (const other of ['192.0.2.2', '192.0.2.3', '192.0.2.4']) {
      address = other;
      await expectServed(arena, await arena.guest());
    }
    address = '192.0.2.5';
    await expectWaits(arena, await arena.guest());
    answerAll(arena);
    await waitFor(() => arena.executed.includes('behind'), 'the call that has waited');
  });

  test('waits at the limit where its address has an eighth of it', async () => {
    const arena = await crowded(10);
    address = '192.0.2.2';
    await fill(arena, 1);
    // Less than an eighth until now, and more after this one.
    await fill(arena, 1);
    await expectWaits(arena, await arena.guest());
  });

  test('waits as an event, too', async () => {
    const heard: string[] = [];
    const app = new Application<Connection>(
      'app',
      { slow: { wait: (_connection: Connection, _callback: () => void) => undefined } },
      { i: { small: () => void heard.push('small'), large: () => void heard.push('large') } },
    );
    const arena = await Arena.start(closing, {
      applications: [app],
      limits: { maxBytesInFlightTotal: LARGE + CALL_BYTES },
    });
    const busy = await arena.guest();
    busy.send(slow(1, LARGE));
    await waitFor(() => arena.server[SERVER_CONTROL].bytesInFlight === LARGE + CALL_BYTES, 'the large call');
    const peer = await arena.guest();
    peer.send("{event:[1,'i'],small:[]}");
    await waitFor(() => heard.length === 1, 'the small event');
    peer.send(sized("{event:[2,'i'],large:[]}", LARGE));
    await arena.hasRead();
    await arena.hasRead();
    expect(heard).toEqual(['small']);
  });

  test('lets pass an answer that comes behind it, however large', async () => {
    const arena = await crowded(10);
    const peer = await arena.guest();
    const connection = arena.server.getClientsArray().at(-1);
    const answers: unknown[] = [];
    connection?.callMethod('client', 'ask', [], (error: unknown, value: unknown) => {
      answers.push(error ?? value);
    });
    await peer.received(2);
    await expectWaits(arena, peer);
    peer.send(`{callback:[-1],ok:['${'я'.repeat(LARGE)}']}`);
    await waitFor(() => answers.length === 1, 'the answer');
    expect(answers).toEqual(['я'.repeat(LARGE)]);
    expect(arena.executed).not.toContain('behind');
  });

  test('is not served any more when its client goes', async () => {
    const arena = await crowded(10);
    const peer = await arena.guest();
    await expectWaits(arena, peer);
    peer.socket.end();
    await waitFor(() => arena.server.getClientsArray().length === 10, 'its end');
    answerAll(arena);
    await arena.expectServing();
    expect(arena.executed.filter((one) => one === 'wait')).toHaveLength(10);
    expect(arena.executed).not.toContain('behind');
  });
});
