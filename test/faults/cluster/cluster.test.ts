import { describe, expect, test } from '@jest/globals';
import { ClusterLedger } from './cluster-ledger.js';
import { runClusterSoak } from './cluster-soak.js';

const SMALL = { seed: 1, operations: 150, servers: 2, clients: 3, pauseMs: 5 };

describe('several servers, in processes of their own', () => {
  test.each(['flap', 'drain', 'kill', 'kill, write-through'])(
    '%s: nothing runs twice or out of order, and nothing is lost or hangs but what the documents say',
    async (scenario) => {
      const report = await runClusterSoak({ ...SMALL, scenario });
      expect(report.details).toEqual([]);
      expect([report.isClean, report.operations >= SMALL.operations, report.faults > 0]).toEqual([
        true,
        true,
        true,
      ]);
    },
  );
});

describe('the ledger of several servers tells', () => {
  /** A client that has sent some messages, which all ran once. */
  function ledgerOf(...sent: ('echo' | 'event')[]): ClusterLedger {
    const ledger = new ClusterLedger('c0');
    for (const what of sent) {
      const seq = ledger.sent(what);
      ledger.ran(seq, 'session');
      if (what === 'event') continue;
      ledger.told(seq);
      ledger.ended(seq, null, true);
    }
    return ledger;
  }
  const wrongsOf = (ledger: ClusterLedger): string[] => {
    ledger.close();
    return Object.entries(ledger.counts).flatMap(([wrong, count]) => (count > 0 ? [wrong] : []));
  };

  test('nothing of what is as it should be', () => {
    expect(wrongsOf(ledgerOf('echo', 'event', 'echo'))).toEqual([]);
  });

  test('of what runs twice, in another session as well', () => {
    const ledger = ledgerOf('echo', 'event');
    ledger.ran(2, 'another');
    expect(wrongsOf(ledger)).toEqual(['twice']);
  });

  test('of what overtakes in a session', () => {
    const ledger = ledgerOf('echo');
    for (const what of ['event', 'event'] as const) ledger.sent(what);
    ledger.ran(3, 'session');
    ledger.ran(2, 'session');
    expect(wrongsOf(ledger)).toEqual(['outOfOrder']);
  });

  test('of calls that never end, or end with -1 or another error', () => {
    const ledger = ledgerOf();
    for (const what of ['echo', 'echo', 'echo'] as const) ledger.sent(what);
    ledger.ended(2, -1, false);
    ledger.ended(3, -2, false);
    expect(wrongsOf(ledger)).toEqual(['lost', 'hung', 'wrongAnswers']);
  });

  test('of answers of what did not run, and of those without the event before them', () => {
    const ledger = ledgerOf();
    ledger.sent('echo');
    ledger.ended(1, null, true);
    expect(wrongsOf(ledger)).toEqual(['lost', 'wrongAnswers']);
  });

  test('of calls that a killed server took with it as what they are, and of no others', () => {
    const ledger = ledgerOf('echo');
    for (const what of ['echo', 'event', 'event', 'echo'] as const) ledger.sent(what);
    ledger.ran(3, 'session');
    ledger.expectBlow(7);
    ledger.struck(true, true);
    ledger.lineLost();
    for (const what of ['echo', 'event'] as const) ledger.sent(what);
    for (const seq of [2, 5, 6]) ledger.ended(seq, -1, false);
    ledger.close();
    expect(ledger.excused).toBe(3);
    expect(ledger.details).toEqual(['lost: echo 6 of c0 (-1)', 'lost: event 7 of c0 (it never ran)']);
  });

  test('of what a server that stood still runs late as what it is, and of no other server', () => {
    const ledger = ledgerOf('echo');
    for (const what of ['event', 'event', 'event'] as const) ledger.sent(what);
    ledger.expectBlow(7);
    ledger.struck(true, true);
    ledger.lineLost();
    ledger.ran(4, 'session', 8);
    ledger.ran(2, 'session', 7);
    ledger.ran(3, 'session', 8);
    ledger.close();
    expect([ledger.belated, ledger.details]).toEqual([1, ['outOfOrder: event 3 of c0 (it ran after 4)']]);
  });

  test('of losses of a client that the killed server did not have', () => {
    const ledger = ledgerOf('echo');
    ledger.sent('echo');
    ledger.expectBlow(7);
    ledger.struck(false, true);
    ledger.ended(2, -1, false);
    expect(wrongsOf(ledger)).toEqual(['lost']);
  });
});
