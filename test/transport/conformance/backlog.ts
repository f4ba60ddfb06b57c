import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Application, type Connection } from '../../../lib/core.js';
import { lifecycleOf } from '../../../lib/connection/lifecycle.js';
import type { Transport } from '../../../lib/connection/transport.js';
import { API } from '../../support/core.js';
import { waitFor } from '../../support/wait-for.js';
import type { Link, Ring } from '../ring.js';

const KIB = 1024;
const MIB = 1024 * KIB;
/** Written by itself, and at once. */
const PIECE = 'x'.repeat(128 * KIB);
const IS_PATIENT = { sendStallTimeoutMs: 0, journalMaxBytes: 1024 * MIB, journalMaxBytesAway: Infinity };

function transportOf(connection: Connection): Transport {
  const { transport } = lifecycleOf(connection).wire;
  if (!transport) throw new Error('There is no transport');
  return transport;
}

async function tell(connection: Connection, text: string): Promise<void> {
  connection.emitRemoteEvent('news', 'told', [text]);
  await nextTurn();
}

/** Sends to a client that reads nothing until the system takes no more, and what was sent waits. */
async function fill({ client, remote }: Link): Promise<Transport> {
  transportOf(client).pause();
  const transport = transportOf(remote);
  while (transport.waiting < PIECE.length) await tell(remote, PIECE);
  return transport;
}

/** What a transport does with a peer that reads slower than it is sent to. */
export function describeBacklog(ring: Ring): void {
  describe('a peer that does not read', () => {
    test('has what waits for it counted in bytes, not in characters', async () => {
      const link = await ring.link(
        { limits: { ...IS_PATIENT, maxSendBufferBytes: Infinity } },
        { extensions: [] },
      );
      const transport = await fill(link);
      for (const length of [1000, 30_000, 300_000]) {
        const before = transport.waiting;
        await tell(link.remote, '漢'.repeat(length));
        const added = transport.waiting - before;
        expect(added).toBeGreaterThan(3 * length);
        expect(added).toBeLessThan(3 * length + 100);
      }
    });

    test.each([
      ['is kept while limits.maxSendBufferBytes wait', 0],
      ['is given up by what is sent while one byte more waits', 1],
    ])('%s', async (_what, beyond) => {
      const most = 2 * MIB;
      const limits = { ...IS_PATIENT, maxSendBufferBytes: most, sendHighWaterMark: Infinity };
      const link = await ring.link({ limits }, { extensions: [] });
      const { remote, server } = link;
      const errors: unknown[] = [];
      remote.on('error', (error) => errors.push(error));
      const transport = await fill(link);
      // From here on, numbers have two digits.
      for (let count = 0; count < 10; count++) await tell(remote, '');
      const before = transport.waiting;
      await tell(remote, PIECE);
      const around = transport.waiting - before - PIECE.length;
      while (transport.waiting < most - 2 * PIECE.length) await tell(remote, PIECE);
      await tell(remote, 'x'.repeat(most + beyond - transport.waiting - around));
      expect(transport.waiting).toBe(most + beyond);
      expect(errors).toEqual([]);
      await tell(remote, '');
      if (beyond > 0) await waitFor(() => server.getClientsArray().length === 0, 'the end of its connection');
      expect(errors).toMatchObject(beyond > 0 ? [{ code: 'ERR_JSTP_SLOW_PEER' }] : []);
      expect(remote.handshakeDone).toBe(beyond === 0);
    });
  });

  test('a message larger than limits.maxSendBufferBytes may wait for a peer, with as much besides as the limit says', async () => {
    const limits = { ...IS_PATIENT, maxSendBufferBytes: MIB, sendHighWaterMark: Infinity };
    const link = await ring.link({ limits }, { extensions: [] });
    const { remote, server } = link;
    const errors: unknown[] = [];
    remote.on('error', (error) => errors.push(error));
    const transport = await fill(link);
    const before = transport.waiting;
    await tell(remote, 'x'.repeat(4 * MIB));
    while (transport.waiting < before + 5 * MIB - 2 * PIECE.length) await tell(remote, PIECE);
    await tell(remote, 'small');
    expect(errors).toEqual([]);
    for (let count = 0; count < 5; count++) await tell(remote, PIECE);
    await waitFor(() => server.getClientsArray().length === 0, 'the end of its connection');
    expect(errors).toMatchObject([{ code: 'ERR_JSTP_SLOW_PEER' }]);
  });

  describe('a session', () => {
    /** A link whose client notes what it hears. */
    async function hear(): Promise<{ link: Link; heard: string[] }> {
      const heard: string[] = [];
      const application = new Application<Connection>('side', API, {
        news: { told: (_connection: Connection, text: string) => void heard.push(text.slice(0, 10)) },
      });
      const limits = { ...IS_PATIENT, maxSendBufferBytes: 4 * MIB, sendHighWaterMark: 256 * KIB };
      return { link: await ring.link({ limits }, { application }), heard };
    }

    const numbered = (number: number, length: number): string => String(number).padStart(10).padEnd(length);
    const all = (count: number): string[] => Array.from({ length: count }, (_, n) => numbered(n, 10));

    test('keeps what a slow peer has to wait for in its journal alone, and sends it in order', async () => {
      const { link, heard } = await hear();
      const { client, remote, server } = link;
      const transport = await fill(link);
      heard.length = 0;
      for (let n = 0; n < 60; n++) remote.emitRemoteEvent('news', 'told', [numbered(n, PIECE.length)]);
      await nextTurn();
      expect(transport.waiting).toBeLessThan(MIB);
      const filled = heard.length;
      transportOf(client).resume();
      await waitFor(() => heard.at(-1) === numbered(59, 10), 'all events');
      expect(heard.slice(-60)).toEqual(all(60));
      expect(filled).toBe(0);
      expect(server.getClientsArray()).toEqual([remote]);
      await waitFor(() => transport.waiting === 0, 'the end of what waits');
    });

    test('is replayed as fast as the peer reads, with what is sent meanwhile behind it, however often it is cut', async () => {
      const { link, heard } = await hear();
      const { client, remote, server } = link;
      await ring.cut(link);
      for (let n = 0; n < 160; n++) remote.emitRemoteEvent('news', 'told', [numbered(n, PIECE.length)]);
      for (let cut = 0; cut < 2; cut++) {
        const before = heard.length;
        await ring.reconnect(link);
        expect(transportOf(remote).waiting).toBeLessThan(4 * MIB);
        await waitFor(() => heard.length >= Math.min(before + 10, 160), 'a part of the replay');
        await ring.cut(link);
      }
      await ring.reconnect(link);
      remote.emitRemoteEvent('news', 'told', [numbered(160, 10)]);
      await waitFor(() => heard.at(-1) === numbered(160, 10), 'all events');
      expect(heard).toEqual(all(161));
      expect(server.getClientsArray()).toEqual([remote]);
      expect(client.handshakeDone).toBe(true);
    });

    test('has what waits in it sent before a close, as far as the transport takes it', async () => {
      const { link, heard } = await hear();
      const { client, remote } = link;
      await fill(link);
      heard.length = 0;
      for (let n = 0; n < 8; n++) remote.emitRemoteEvent('news', 'told', [numbered(n, PIECE.length)]);
      remote.close();
      transportOf(client).resume();
      await waitFor(() => heard.at(-1) === numbered(7, 10), 'the last event');
      expect(heard.slice(-8)).toEqual(all(8));
    });
  });
}
