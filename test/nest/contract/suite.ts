import { afterAll, beforeAll, describe } from '@jest/globals';
import { startContract, type ContractSetup, type StartedContract } from './contract.js';
import type { TransportUnderTest } from './transport-under-test.js';

/** Gives the tests of a group the service that they share. */
export type Started = () => StartedContract;

/** A group of tests over one service and one client, started before the first and closed after the last. */
export function describeService(
  title: string,
  transport: TransportUnderTest,
  setup: ContractSetup,
  tests: (started: Started) => void,
): void {
  describe(title, () => {
    let current: StartedContract | undefined;
    beforeAll(async () => {
      current = await startContract(transport, setup);
    });
    afterAll(async () => {
      await current?.contract.close();
    });
    tests(() => {
      if (current === undefined) throw new Error('The service of this group has not started');
      return current;
    });
  });
}
