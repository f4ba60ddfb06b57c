import { describe, expect, test } from '@jest/globals';
import {
  ERR_APP_NOT_FOUND,
  ERR_AUTH_FAILED,
  ERR_CALLBACK_LOST,
  SimpleConnectPolicy,
  type ConnectPolicyFunction,
} from '../../../lib/core.js';
import { heartbeats } from '../../support/core.js';
import { countHandles, expectNoNewHandles } from '../../support/open-handles.js';
import { waitFor, within } from '../../support/wait-for.js';
import { dialOf } from '../contender.js';
import type { Ring } from '../ring.js';
import { lifecycleOf } from '../../../lib/connection/lifecycle.js';

const SILENT: ConnectPolicyFunction = () => undefined;

/** Lines begin, end and are refused as everywhere. */
export function describeLife(ring: Ring): void {
  const { contender } = ring;
  const { entry } = contender;

  describe('life', () => {
    test('a client knows its peer, and the server its client', async () => {
      const { client, remote } = await ring.link();
      expect(client.remoteAddress).toBe(contender.remoteAddress);
      expect(remote.remoteAddress).toBe(contender.remoteAddress);
      expect(client.getTransport()).toBeDefined();
    });

    test('the end by the client is seen by both, as intended', async () => {
      const { client, remote, server } = await ring.link();
      const pending = client.callMethod('echo', 'never', []);
      let closes = 0;
      client.on('close', () => (closes += 1));
      client.close();
      await waitFor(() => closes === 1 && server.getClientsArray().length === 0, 'the end');
      expect(client.closedIntentionally).toBe(true);
      expect(remote.closedIntentionally).toBe(false);
      await expect(pending).rejects.toBe(ERR_CALLBACK_LOST);
    });

    test('what was sent right before the end still arrives', async () => {
      const heard: unknown[] = [];
      const { client, server } = await ring.link();
      server.on('log', (_connection, event, ...args) => {
        if (event === 'event') heard.push(args.at(-1));
      });
      for (let n = 0; n < 100; n++) client.emitRemoteEvent('echo', 'said', [n]);
      client.close();
      await waitFor(() => server.getClientsArray().length === 0, 'the end');
      expect(heard).toHaveLength(100);
    });

    test('the end by the server is seen by both', async () => {
      const { client, remote, server } = await ring.link();
      remote.close();
      await waitFor(() => client.getTransport() === undefined, 'the end');
      await waitFor(() => server.getClientsArray().length === 0, 'the end at the server');
      expect(client.closedIntentionally).toBe(false);
    });

    test('a login that is refused gets its code, and its line is ended', async () => {
      const server = await ring.serve({ authPolicy: (_c, _a, _s, _k, done) => done(new Error('no')) });
      const connectPolicy = new SimpleConnectPolicy('ann', 'wrong');
      await expect(ring.dial(server, { connectPolicy })).rejects.toMatchObject({ code: ERR_AUTH_FAILED });
      await expect(ring.dial(server, {}, 'nobody')).rejects.toMatchObject({ code: ERR_APP_NOT_FOUND });
      expect(server.getClientsArray()).toEqual([]);
    });

    test('a peer that says nothing is ended by the handshake timeout', async () => {
      const server = await ring.serve({ limits: { handshakeTimeoutMs: 50 } });
      let timeouts = 0;
      server.on('handshakeTimeout', () => (timeouts += 1));
      const client = { connectPolicy: SILENT, reconnector: (): undefined => undefined };
      entry.connect('app', client, ...dialOf(contender, server)).catch(() => undefined);
      await waitFor(() => timeouts === 1, 'the timeout');
    });

    test('a message over the limit ends its line, and others are served', async () => {
      const { client, server } = await ring.link({
        limits: { maxMessageBytes: 100_000 },
        // So that nobody tells the client of the limit.
        extensions: [],
      });
      const errors: unknown[] = [];
      client.on('error', (error) => errors.push(error));
      client.emitRemoteEvent('echo', 'said', ['x'.repeat(200_000)]);
      await waitFor(
        () => server.getClientsArray().length === 0 && client.getTransport() === undefined,
        'the end',
      );
      const other = await ring.dial(server);
      expect(await within(other.callMethod('echo', 'back', [1]), 'an echo')).toBe(1);
    });

    test('heartbeats keep a line that pongs, and end one that does not', async () => {
      const server = await ring.serve({ heartbeatInterval: 20 });
      const good = await ring.dial(server, { heartbeatInterval: 20 });
      const silent = await ring.dial(server);
      // It reads nothing any more: no pong leaves it.
      lifecycleOf(silent).wire.holdReading(true);
      await waitFor(() => server.getClientsArray().length === 1, 'the end of the silent one');
      await heartbeats(server.getClientsArray()[0], 2);
      expect(good.handshakeDone).toBe(true);
    });

    test('nobody at the address is an error, and nothing stays open', async () => {
      const server = await ring.serve();
      const args = dialOf(contender, server);
      await within(new Promise((resolve) => server.close(resolve)), 'the end of a server');
      const before = countHandles();
      const failure = await within(
        entry.connect('app', null, ...args).catch((error: unknown) => error),
        'a refusal',
      );
      expect(failure).toMatchObject({ code: expect.stringMatching(/^(ECONNREFUSED|ENOENT)$/) });
      await expectNoNewHandles(before);
    });

    test('a server listens, tells where, and stops; open lines stay, as with Node', async () => {
      const before = countHandles();
      const server = ring.server();
      expect(server.listening).toBe(false);
      expect(server.address()).toBeNull();
      const events: string[] = [];
      for (const name of ['listening', 'connection', 'connect', 'close'] as const)
        server.on(name, () => events.push(name));
      await within(
        new Promise<void>((resolve) => server.listen(...contender.listenArguments(), resolve)),
        'a server that listens',
      );
      expect(server.listening).toBe(true);
      expect(server.address()).not.toBeNull();
      const client = await ring.dial(server);
      let isClosed = false;
      server.close(() => (isClosed = true));
      expect(server.listening).toBe(false);
      expect(await within(client.callMethod('echo', 'back', [1]), 'an echo')).toBe(1);
      expect(isClosed).toBe(false);
      client.close();
      await waitFor(() => isClosed, 'the end of the server');
      expect(events).toEqual(['listening', 'connection', 'connect', 'close']);
      await expectNoNewHandles(before);
    });

    test('an address that is taken is the event error', async () => {
      const server = await ring.serve();
      const second = ring.server();
      const error = new Promise((resolve) => second.once('error', resolve));
      const address = server.address();
      second.listen(typeof address === 'string' ? address : { ...(address as object), host: '127.0.0.1' });
      expect(await within(error, 'an error')).toMatchObject({ code: 'EADDRINUSE' });
      expect(second.listening).toBe(false);
    });

    test('close of a server that does not listen tells so', async () => {
      const error = await within(new Promise((resolve) => ring.server().close(resolve)), 'a callback');
      expect(error).toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' });
    });
  });
}
