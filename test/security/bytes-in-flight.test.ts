import { afterEach, describe, expect, test } from '@jest/globals';
import { Application, type Connection } from '../../lib/core.js';
import { SERVER_CONTROL } from '../../lib/server/control.js';
import { Closing } from '../support/closing.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, guardProcess } from './arena.js';
import { CALL_BYTES } from '../../lib/connection/calls/weight.js';

const closing = new Closing();

guardProcess();
afterEach(() => closing.run());

const KIB = 1024;
/** What a call of 1 KiB counts as. */
const ONE = KIB + CALL_BYTES;
/** A call of `slow.wait` that has so many bytes on the wire. */
function slow(id: number, bytes: number): string {
  const rest = `{call:[${String(id)},'slow'],wait:[],of:''}`;
  return rest.replace("''", `'${'x'.repeat(bytes - rest.length)}'`);
}

function answerAll(arena: Arena): void {
  for (const answer of arena.waiting.splice(0)) answer();
}

describe('limits.maxBytesInFlight', () => {
  test('lets a peer have less than that under way, by its size on the wire and 2 KiB where values are few', async () => {
    const arena = await Arena.start(closing, { limits: { maxBytesInFlight: 4 * ONE } });
    const peer = await arena.guest();
    for (let id = 1; id <= 3; id++) peer.send(slow(id, KIB));
    peer.send(slow(4, KIB - 1), "{call:[5,'mark'],run:['behind']}");
    expect((await peer.received(2))[1]).toBe('{callback:[5],ok:[]}');
    expect(arena.server[SERVER_CONTROL].bytesInFlight).toBe(4 * ONE - 1);
    answerAll(arena);
    await peer.received(6);
    expect(arena.server[SERVER_CONTROL].bytesInFlight).toBe(0);
  });

  test('pauses reading at it, and goes on when half is answered', async () => {
    const arena = await Arena.start(closing, { limits: { maxBytesInFlight: 4 * ONE } });
    const peer = await arena.guest();
    for (let id = 1; id <= 8; id++) peer.send(slow(id, KIB));
    await waitFor(() => arena.waiting.length === 4, 'four calls');
    await arena.hasRead();
    expect(arena.executed).toHaveLength(4);
    await arena.expectServing();
    arena.waiting.shift()?.();
    await arena.hasRead();
    expect(arena.waiting).toHaveLength(3);
    arena.waiting.shift()?.();
    await waitFor(() => arena.waiting.length === 4, 'two more calls');
    answerAll(arena);
    await waitFor(() => arena.waiting.length === 2, 'the last calls');
    answerAll(arena);
    expect(await peer.received(9)).toHaveLength(9);
    expect(arena.server[SERVER_CONTROL].bytesInFlight).toBe(0);
  });

  test('counts events until their handlers have ended', async () => {
    const ends: (() => void)[] = [];
    const note = (): Promise<void> => new Promise((resolve) => ends.push(resolve));
    const app = new Application<Connection>('app', {}, { slow: { note } });
    const arena = await Arena.start(closing, {
      applications: [app],
      limits: { maxBytesInFlight: 2 * ONE },
    });
    const peer = await arena.guest();
    const event = (id: number): string => `{event:[${String(id)},'slow'],note:[],of:'${'x'.repeat(KIB)}'}`;
    for (let id = 1; id <= 5; id++) peer.send(event(id));
    await waitFor(() => ends.length === 2, 'two events');
    await arena.hasRead();
    expect(ends).toHaveLength(2);
    for (const next of [2, 1]) {
      for (const end of ends.splice(0)) end();
      await waitFor(() => ends.length === next, 'further events');
    }
  });

  describe.each([
    ['MDSF', '{},', ''],
    ['JSON', '{},', '"я"'],
    ['JSON without strings', '1.5,', '7'],
  ])('counts 64 bytes for each value, of %s', (_text, value, last) => {
    /** The message, its header with two values, the array of arguments, the argument; and its last element. */
    const around = last === '' ? 6 : 7;
    const of = (values: number): string =>
      `{"call":[1,"slow"],"keep":[[${value.repeat(values - around)}${last}]]}`;

    test('but the size on the wire and 2 KiB where that is more', async () => {
      const arena = await Arena.start(closing);
      const peer = await arena.guest();
      peer.send(of(32));
      await waitFor(() => arena.waiting.length === 1, 'the call');
      expect(arena.server[SERVER_CONTROL].bytesInFlight).toBe(Buffer.byteLength(of(32)) + CALL_BYTES);
      answerAll(arena);
      expect(arena.server[SERVER_CONTROL].bytesInFlight).toBe(0);
    });

    test('and serves on below the limit', async () => {
      const arena = await Arena.start(closing, { limits: { maxBytesInFlight: 64 * 200 } });
      const peer = await arena.guest();
      peer.send(of(199), "{call:[5,'mark'],run:['behind']}");
      expect((await peer.received(2))[1]).toBe('{callback:[5],ok:[]}');
      expect(arena.server[SERVER_CONTROL].bytesInFlight).toBe(64 * 199);
      answerAll(arena);
      await waitFor(() => arena.server[SERVER_CONTROL].bytesInFlight === 0, 'its end');
    });

    test('and pauses at it', async () => {
      const arena = await Arena.start(closing, { limits: { maxBytesInFlight: 64 * 200 } });
      const peer = await arena.guest();
      peer.send(of(200), "{call:[5,'mark'],run:['behind']}");
      await waitFor(() => arena.waiting.length === 1, 'the call');
      await arena.hasRead();
      expect(arena.executed).toEqual(['keep']);
      answerAll(arena);
      await peer.received(3);
      expect(arena.executed).toEqual(['keep', 'behind']);
    });
  });

  test('counts the handlers of a peer that has gone until they have ended', async () => {
    const arena = await Arena.start(closing);
    const peer = await arena.guest();
    peer.send(slow(1, KIB), slow(2, KIB));
    await waitFor(() => arena.waiting.length === 2, 'two calls');
    peer.destroy();
    await waitFor(() => arena.server.getClientsArray().length === 0, 'its end');
    expect(arena.server[SERVER_CONTROL].bytesInFlight).toBe(2 * ONE);
    answerAll(arena);
    expect(arena.server[SERVER_CONTROL].bytesInFlight).toBe(0);
  });
});

describe('limits.maxBytesInFlightTotal', () => {
  const LARGE = 100 * KIB;

  test('pauses reading of the peers that have much under way, and serves the others', async () => {
    const arena = await Arena.start(closing, { limits: { maxBytesInFlightTotal: 3 * LARGE } });
    const peers = [await arena.guest(), await arena.guest(), await arena.guest()];
    for (const peer of peers) {
      peer.send(slow(1, LARGE));
      await waitFor(() => arena.waiting.length === peers.indexOf(peer) + 1, 'a large call');
    }
    for (const peer of peers) peer.send("{call:[2,'mark'],run:['more']}");
    await arena.expectServing();
    await arena.hasRead();
    // The first two were below the limit when their calls came, and are asked again with the next one.
    expect(peers[2].messages).toHaveLength(1);
    // The calls of the others end, and it goes on with its own under way.
    arena.waiting.shift()?.();
    arena.waiting.shift()?.();
    expect((await peers[2].received(2))[1]).toBe('{callback:[2],ok:[]}');
    answerAll(arena);
    await waitFor(() => arena.server[SERVER_CONTROL].bytesInFlight === 0, 'the end of all calls');
  });

  test('holds nobody up below it', async () => {
    const arena = await Arena.start(closing, { limits: { maxBytesInFlightTotal: 3 * LARGE } });
    const peers = [await arena.guest(), await arena.guest()];
    for (const peer of peers) peer.send(slow(1, LARGE), "{call:[2,'mark'],run:['more']}");
    for (const peer of peers) expect((await peer.received(2))[1]).toBe('{callback:[2],ok:[]}');
    answerAll(arena);
  });
});
