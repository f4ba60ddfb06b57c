import { describe, expect, test } from '@jest/globals';
import type { Api, ClientOptions, Connection, Server } from '../../../lib/core.js';
import { API, type Back, heartbeats } from '../../support/core.js';
import { waitFor, within } from '../../support/wait-for.js';
import type { Ring } from '../ring.js';
import { servedCalls } from '../../support/internals.js';
import { lifecycleOf } from '../../../lib/connection/lifecycle.js';

const KIB = 1024;

/** A method that needs the client again, before it answers. */
const ASKING: Api = {
  ...API,
  ask: {
    back: (connection: Connection, value: unknown, callback: Back) => {
      connection.callMethod('echo', 'back', [value], callback);
    },
  },
};

/** What a server does with a client that has as many calls under way as may be. */
export function describeHeld(ring: Ring): void {
  describe('a client at the limit of its calls', () => {
    /** Two calls that nobody answers, which is the limit, and events behind them. */
    async function hold(
      events: readonly string[],
      server?: Server,
      options?: ClientOptions,
    ): Promise<{ server: Server; client: Connection; heard: unknown[] }> {
      const heard: unknown[] = [];
      const serving = server ?? (await ring.serve({ limits: { maxCallsInFlight: 2 } }));
      const client = await ring.dial(serving, options);
      const remote = serving.getClientsArray().at(-1);
      if (!remote) throw new Error('The server has no client');
      remote.on('event', (_interface, _event, args) => heard.push((args as unknown[])[0]));
      for (let count = 0; count < 2; count++) client.callMethod('echo', 'never', []).catch(() => undefined);
      for (const event of events) client.emitRemoteEvent('echo', 'said', [event]);
      await waitFor(() => servedCalls(remote) === 2, 'two calls');
      await ring.serves(serving);
      expect(heard).toEqual([]);
      return { server: serving, client, heard };
    }

    test.each([
      ['nothing', 0],
      ['a little', 10],
      ['more than is read ahead', 1000],
      ['more than a system keeps', 16_000],
    ])('is noticed when its line breaks with %s unread', async (_what, kibibytes) => {
      const { server, client } = await hold(Array.from({ length: kibibytes }, () => 'x'.repeat(KIB)));
      ring.contender.cut(client);
      await waitFor(() => server.getClientsArray().length === 0, 'the end of its line');
    });

    test.each([
      ['by a client that knows no resume', []],
      ['by one that says goodbye', ['resume', 'bye']],
    ] as const)('has the events that were sent before its end served: %s', async (_what, extensions) => {
      const serving = await ring.serve({ limits: { maxCallsInFlight: 2 }, extensions });
      const { server, client, heard } = await hold(['a', 'b', 'c'], serving, { extensions });
      client.close();
      await waitFor(() => server.getClientsArray().length === 0, 'the end of its line');
      expect(heard).toEqual(['a', 'b', 'c']);
    });

    test.each([
      ['wait for its next line where it was cut', true],
      ['never begin where it has said goodbye', false],
    ])('has its further calls: they %s', async (_what, isCut) => {
      const extensions = ['resume', 'cancel', 'bye'] as const;
      const limits = { maxCallsInFlight: 2 };
      const started: unknown[] = [];
      const answers: Back[] = [];
      const server = await ring.serve(
        { limits, extensions },
        {
          echo: {
            never: (_connection: Connection, value: unknown, callback: Back) => {
              started.push(value);
              answers.push(callback);
            },
          },
        },
      );
      const client = await ring.dial(server, { extensions });
      const call = (value: unknown): unknown =>
        client.callMethod('echo', 'never', [value]).catch(() => undefined);
      for (const value of ['a', 'b', 'c', 'd']) call(value);
      await waitFor(() => started.length === 2, 'two calls');
      await ring.serves(server);
      expect(started).toEqual(['a', 'b']);
      if (isCut) await ring.cut({ server, client });
      else client.close();
      await waitFor(() => server.getClientsArray().length === 0, 'the end of its line');
      if (isCut) {
        expect(started).toEqual(['a', 'b']);
        await ring.reconnect({ server, client });
        for (const answer of answers.splice(0)) answer(null);
        await waitFor(() => started.length >= 4, 'the other calls');
        await ring.serves(server);
      }
      // After a goodbye nobody waits for answers, and the limit holds to the end.
      expect(started).toEqual(isCut ? ['a', 'b', 'c', 'd'] : ['a', 'b']);
    });

    test('is heard when it pongs, and ended by the heartbeat when it does not', async () => {
      const server = await ring.serve({ limits: { maxCallsInFlight: 2 }, heartbeatInterval: 20 });
      const { client } = await hold(['a'], server);
      const silent = await hold(['b'], server);
      expect(server.getClientsArray()).toHaveLength(2);
      // It answers nothing any more.
      lifecycleOf(silent.client).wire.holdReading(true);
      await waitFor(() => server.getClientsArray().length === 1, 'the end of the silent one');
      await heartbeats(server.getClientsArray()[0], 2);
      expect(client.handshakeDone).toBe(true);
    });

    test('can answer what its calls ask of it', async () => {
      const server = await ring.serve({ limits: { maxCallsInFlight: 2 } }, ASKING);
      const client = await ring.dial(server, { application: ring.application(API) });
      const answers = Array.from({ length: 20 }, (_, n) => client.callMethod('ask', 'back', [n]));
      expect(await within(Promise.all(answers), 'all answers')).toEqual(answers.map((_, n) => n));
    });
  });
}
