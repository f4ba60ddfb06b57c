import { describe, expect, test } from '@jest/globals';
import { Application, ERR_CALLBACK_LOST, type Connection } from '../../../lib/core.js';
import { ALL_EXTENSIONS, API } from '../../support/core.js';
import { waitFor, within } from '../../support/wait-for.js';
import { dialOf } from '../contender.js';
import type { Ring } from '../ring.js';

/** A session survives its line. */
export function describeResume(ring: Ring): void {
  describe('resume', () => {
    test('what was made while the line was down arrives after it, both ways and in order', async () => {
      const heard: unknown[] = [];
      const application = new Application<Connection>('side', API, {
        news: { told: (_connection: Connection, value: unknown) => void heard.push(value) },
      });
      const link = await ring.link({}, { application });
      const { client, remote } = link;
      remote.session?.set('room', 'lobby');
      await ring.cut(link);
      const answers = Promise.all([1, 2, 3].map((value) => client.callMethod('echo', 'back', [value])));
      for (let n = 0; n < 3; n++) remote.emitRemoteEvent('news', 'told', [n]);
      await ring.reconnect(link);
      expect(await within(answers, 'the answers')).toEqual([1, 2, 3]);
      await waitFor(() => heard.length === 3, 'the events');
      expect(heard).toEqual([0, 1, 2]);
      expect(link.server.getClientsArray()).toEqual([remote]);
      expect(remote.session?.get('room')).toBe('lobby');
    });

    test('large messages made while the line was down arrive as well', async () => {
      const link = await ring.link();
      await ring.cut(link);
      const text = 'x'.repeat(2_000_000);
      const answers = [1, 2, 3].map(() => link.client.callMethod('echo', 'back', [text]));
      await ring.reconnect(link);
      for (const answer of await within(Promise.all(answers), 'the answers'))
        expect(answer === text).toBe(true);
    });

    test('without the extension a call under way fails with -1', async () => {
      const link = await ring.link({ extensions: [] });
      const never = link.client.callMethod('echo', 'never', []);
      await within(link.client.ping(), 'a pong');
      await ring.cut(link);
      await ring.reconnect(link);
      await expect(within(never, 'an answer')).rejects.toBe(ERR_CALLBACK_LOST);
    });

    test('a reconnector that names the transport is brought back', async () => {
      const server = await ring.serve();
      let asked = 0;
      const client = await ring.dial(server, {
        reconnector: (_connection, reconnectFn) => {
          asked += 1;
          reconnectFn();
        },
      });
      const { session } = client;
      ring.contender.cut(client);
      await waitFor(() => asked === 1 && client.handshakeDone, 'a return');
      expect(client.session).toBe(session);
      expect(await within(client.callMethod('echo', 'back', [1]), 'an echo')).toBe(1);
    });

    test('reconnect on a live line moves to a new one', async () => {
      const link = await ring.link({ extensions: ALL_EXTENSIONS }, { extensions: ALL_EXTENSIONS });
      const { client, server, remote } = link;
      const before = client.getTransport();
      const under = client.callMethod('echo', 'back', ['under way']);
      await ring.reconnect(link);
      expect(client.getTransport()).not.toBe(before);
      // Answered before the move, or lost with its line: never left alone.
      await expect(
        within(
          under.catch((error: unknown) => error),
          'an end',
        ),
      ).resolves.toBeDefined();
      expect(server.getClientsArray()).toEqual([remote]);
      expect(await within(client.callMethod('echo', 'back', [2]), 'an echo')).toBe(2);
    });

    test('reconnect right at a cut comes back, whatever the reconnector was about to do', async () => {
      const server = await ring.serve();
      // The default one waits for a second.
      const client = await ring.dial(server, { reconnector: undefined });
      const { session } = client;
      ring.contender.cut(client);
      await ring.reconnect({ server, client });
      expect(await within(client.callMethod('echo', 'back', [5]), 'an echo')).toBe(5);
      expect(client.session).toBe(session);
    });

    test('a reconnect that fails leaves a line that was lost meanwhile to the reconnector', async () => {
      const server = await ring.serve();
      const gone = await ring.serve();
      const args = dialOf(ring.contender, gone);
      await within(new Promise((resolve) => gone.close(resolve)), 'the end of a server');
      let asked = 0;
      const client = await ring.dial(server, { reconnector: () => void (asked += 1) });
      const failing = ring.contender.entry.reconnect(client, ...args);
      ring.contender.cut(client);
      await expect(within(failing, 'a failure')).rejects.toBeDefined();
      await waitFor(() => asked === 1, 'the reconnector');
    });

    test('a second client with the session takes it over', async () => {
      const options = { extensions: ALL_EXTENSIONS };
      const { client, server, remote } = await ring.link(options, options);
      const taken: unknown[] = [];
      client.on('bye', (reason) => taken.push(reason));
      const second = await ring.dial(server, { ...options, session: client.session });
      await waitFor(() => taken.length === 1, 'a bye');
      expect(taken).toEqual(['taken']);
      expect(await within(second.callMethod('echo', 'back', [3]), 'an echo')).toBe(3);
      expect(server.getClientsArray()).toEqual([remote]);
    });

    test('nobody at the address fails the reconnect, and the next one may succeed', async () => {
      const link = await ring.link();
      const gone = await ring.serve();
      const args = dialOf(ring.contender, gone);
      await within(new Promise((resolve) => gone.close(resolve)), 'the end of a server');
      await ring.cut(link);
      const refused = ring.contender.entry.reconnect(link.client, ...args);
      await expect(refused).rejects.toMatchObject({ code: expect.stringMatching(/^(ECONNREFUSED|ENOENT)$/) });
      await ring.reconnect(link);
      expect(await within(link.client.callMethod('echo', 'back', [4]), 'an echo')).toBe(4);
    });
  });
}
