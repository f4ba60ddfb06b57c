import { expect, test } from '@jest/globals';
import { Live } from '../../../lib/explorer/page/state/live.js';
import type { ExplorerClient } from '../../../lib/explorer/page/state/tapped-client.js';
import { waitFor } from '../../support/wait-for.js';

const SNAPSHOT = {
  at: 1,
  periodMs: 1000,
  calls: { failed: 0, perSecond: 0 },
  events: { perSecond: 0 },
  clients: { connected: 1, away: 0 },
  budgets: {},
  inService: [],
  slowest: [],
  failures: [],
};

test('the details of a session are asked for again when it has come back', async () => {
  let state = 'away';
  let asked = 0;
  let tick = (): void => undefined;
  async function* snapshots(): AsyncGenerator<unknown> {
    for (let turn = 0; turn < 3; turn++) {
      await new Promise<void>((resolve) => {
        tick = resolve;
      });
      yield SNAPSHOT;
    }
  }
  const client = {
    streamWith: snapshots,
    call: async (_interface: string, method: string) => {
      if (method === 'connections') return { connections: [{ handle: 7, state }], next: null, total: 1 };
      asked++;
      return { handle: 7, state };
    },
  } as unknown as ExplorerClient;
  const live = new Live(() => client);
  live.start();
  await live.open(7);
  tick();
  await waitFor(() => live.snapshot.value !== undefined, 'a snapshot');
  expect([live.detail.value?.state, asked]).toEqual(['away', 1]);
  state = 'connected';
  await waitFor(() => {
    tick();
    return live.detail.value?.state === 'connected';
  }, 'the session that is back');
  expect(asked).toBe(2);
  live.stop();
});
