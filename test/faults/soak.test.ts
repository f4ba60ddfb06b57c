import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ArrivedMessage } from '../../lib/protocol/attached-message.js';
import { Wire } from '../../lib/connection/wire.js';
import { Connection } from '../../lib/core.js';
import { WRONGS, type Wrong } from './ledger.js';
import { WITH_STREAMS } from './soak-application.js';
import { runSoak, type SoakOptions, type SoakReport } from './soak.js';

const SEEDS = 100;
const OPERATIONS = 200;
const STREAM_SEEDS = 24;

// In a worker that has run many files before, on a busy machine, a test takes ten times as long as by itself.
jest.setTimeout(180_000);

afterEach(() => {
  jest.restoreAllMocks();
});

/** Drops every tenth message of a kind where it arrives, as an implementation does that loses it. */
function dropEveryTenth(kind: string): void {
  const { receiveMessage } = Wire.prototype;
  let count = 0;
  jest.spyOn(Wire.prototype, 'receiveMessage').mockImplementation(function (
    this: Wire,
    data: ArrivedMessage,
  ) {
    const isOfKind = Buffer.from(data as Uint8Array)
      .toString()
      .startsWith(`{${kind}:`);
    if (isOfKind) count += 1;
    if (!isOfKind || count % 10 !== 0) receiveMessage.call(this, data);
  });
}

/** The wrongs of a run of ten seeds together. */
async function wrongsOf(options: Partial<SoakOptions> = {}): Promise<Set<Wrong>> {
  const found = new Set<Wrong>();
  for (let seed = 1; seed <= 10; seed++) {
    const { counts, isClean, message } = await runSoak({ seed, operations: 100, ...options });
    for (const wrong of WRONGS) if (counts[wrong] > 0) found.add(wrong);
    if (!isClean) expect(message).toContain(`--seed ${seed} --operations 100`);
    await nextTurn();
  }
  return found;
}

describe('over a link with faults', () => {
  test('every message is executed once and in order, and every call answered once', async () => {
    const reports: SoakReport[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      reports.push(await runSoak({ seed, operations: OPERATIONS }));
      await nextTurn();
    }
    expect(reports.map(({ message }) => message).filter((message) => message !== '')).toEqual([]);
    // Runs whose lines never broke would prove nothing.
    const resumes = reports.reduce((sum, report) => sum + report.resumes, 0);
    expect(resumes).toBeGreaterThan(SEEDS * 5);
  });

  test('streams both ways in one call lose no value, repeat none, and end', async () => {
    const reports: SoakReport[] = [];
    for (let seed = 1; seed <= STREAM_SEEDS; seed++) {
      reports.push(await runSoak({ seed, operations: OPERATIONS, methods: WITH_STREAMS }));
      await nextTurn();
    }
    expect(reports.map(({ message }) => message).filter((message) => message !== '')).toEqual([]);
    expect(reports.reduce((sum, report) => sum + report.resumes, 0)).toBeGreaterThan(STREAM_SEEDS * 5);
  });

  // In these, the transport is cut just as a caller goes on that was told of the resume, while as much is under way as may be.
  test.each([416, 475, 609])('a handshake waits for no call that is under way (seed %i)', async (seed) => {
    expect((await runSoak({ seed, operations: OPERATIONS })).message).toBe('');
  });

  test('a seed is a run: the same one again goes the same way, step by step, and another one does not', async () => {
    const traceOf = async (seed: number): Promise<string[]> => {
      const lines: string[] = [];
      await runSoak({ seed, operations: OPERATIONS, trace: (line) => lines.push(line) });
      return lines;
    };
    const first = await traceOf(5);
    expect(first.length).toBeGreaterThan(OPERATIONS);
    expect(await traceOf(5)).toEqual(first);
    expect(await traceOf(6)).not.toEqual(first);
  });
});

describe('a run tells', () => {
  test('of answers that are lost', async () => {
    dropEveryTenth('callback');
    expect(await wrongsOf()).toContain('answersLost');
  });

  test('of events that are lost', async () => {
    dropEveryTenth('event');
    expect(await wrongsOf()).toContain('lost');
  });

  test('of values that are missing in a stream', async () => {
    dropEveryTenth('stream');
    expect(await wrongsOf()).toContain('outOfOrder');
  });

  test('of values that are missing in a stream that is an argument', async () => {
    dropEveryTenth('source');
    expect(await wrongsOf({ methods: WITH_STREAMS })).not.toEqual(new Set());
  });

  test('of calls that run twice', async () => {
    let count = 0;
    const tamper: SoakOptions['tamper'] = (kind, run) => {
      run();
      if (kind === 'call' && ++count % 20 === 0) run();
    };
    expect(await wrongsOf({ tamper })).toContain('executedTwice');
  });

  test('of events that overtake each other', async () => {
    let late: (() => void) | undefined;
    let count = 0;
    const tamper: SoakOptions['tamper'] = (kind, run) => {
      if (kind === 'event' && ++count % 20 === 0) late = run;
      else {
        run();
        late?.();
        late = undefined;
      }
    };
    expect(await wrongsOf({ tamper })).toContain('outOfOrder');
  });

  test('of callers that are answered twice', async () => {
    const { startCall } = Connection.prototype;
    jest.spyOn(Connection.prototype, 'startCall').mockImplementation(function (
      this: Connection,
      interfaceName,
      methodName,
      args,
      callback,
      options,
    ) {
      const twice: typeof callback = (...outcome) => {
        callback(...outcome);
        callback(...outcome);
      };
      return startCall.call(this, interfaceName, methodName, args, twice, options);
    });
    expect(await wrongsOf()).toContain('answeredTwice');
  });

  test('of all of it where resume is not agreed: answers are lost with their lines', async () => {
    expect(await wrongsOf({ extensions: ['stream', 'cancel'] })).toEqual(
      new Set<Wrong>(['answersLost', 'executedTwice']),
    );
  });
});
