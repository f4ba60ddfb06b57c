import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import {
  JstpRecordBuilder,
  RemoteError,
  type Connection,
  type JstpClientOptions,
} from '../../../lib/index.js';
import type { IncomingCall } from '../../../lib/core.js';
import { resolveRetry, Retries, type RetryOptions } from '../../../lib/nest/client/retry.js';
import { errorOf, observe, valuesOf } from '../../support/observed.js';
import { LOOPBACK } from '../../support/ports.js';
import { timersOf } from '../../support/quiet.js';
import { waitFor } from '../../support/wait-for.js';
import { Bench, CallApplication } from './fixture.js';

const QUICK: RetryOptions = { minDelayMs: 1, maxDelayMs: 2 };
const IDEMPOTENT = { methods: { 'i.read': { idempotent: true } } } as const;

describe('a call of a method that is declared idempotent', () => {
  const bench = new Bench();

  /** Serves calls: the first ones fail, by their cause. */
  async function serve(
    failures: number,
    fail: (call: IncomingCall<Connection>) => void,
  ): Promise<{ port: number; application: CallApplication }> {
    let left = failures;
    const application = new CallApplication((call) => {
      if (left-- > 0) fail(call);
      else call.succeed(['done']);
    });
    const { port } = await bench.serve(application);
    return { port, application };
  }

  const lose = (call: IncomingCall<Connection>): void => call.fail(-1);

  async function outcome(
    port: number,
    options: Partial<JstpClientOptions>,
    data: unknown = 1,
  ): Promise<unknown> {
    const observed = await observe(bench.client(port, options).send('i.read', data)).end();
    return observed.failure ? (observed.failure.error as { code: unknown }).code : observed.values;
  }

  test('is made again where its answer is lost, as often as it may', async () => {
    const { port, application } = await serve(2, lose);
    expect(await outcome(port, { ...IDEMPOTENT, retry: QUICK })).toEqual(['done']);
    expect(application.calls).toHaveLength(3);
    const other = await serve(3, lose);
    expect(await outcome(other.port, { ...IDEMPOTENT, retry: QUICK })).toBe(-1);
    expect(other.application.calls).toHaveLength(3);
  });

  test('alone is: not others, not without the option, and not where its record says no', async () => {
    const { port, application } = await serve(Infinity, lose);
    const calls = async (options: Partial<JstpClientOptions>, data?: unknown): Promise<number> => {
      const before = application.calls.length;
      expect(await outcome(port, options, data)).toBe(-1);
      return application.calls.length - before;
    };
    const record = (is: boolean): unknown => new JstpRecordBuilder(1).setIdempotent(is).build();
    expect(await calls({ retry: QUICK })).toBe(1);
    expect(await calls({ methods: { 'i.write': { idempotent: true } }, retry: QUICK })).toBe(1);
    expect(await calls({ methods: { 'i.*': { idempotent: true } }, retry: QUICK })).toBe(3);
    expect(await calls(IDEMPOTENT)).toBe(1);
    expect(await calls({ ...IDEMPOTENT, retry: false })).toBe(1);
    expect(await calls({ ...IDEMPOTENT, retry: QUICK }, record(false))).toBe(1);
    expect(await calls({ retry: QUICK }, record(true))).toBe(3);
  });

  test('is not made again for an error of its handler, but for a code that the option names', async () => {
    const { port, application } = await serve(1, (call) => call.fail(new RemoteError(1503, 'busy')));
    expect(await outcome(port, { ...IDEMPOTENT, retry: QUICK })).toBe(1503);
    const other = await serve(1, (call) => call.fail(new RemoteError(1503, 'busy')));
    expect(await outcome(other.port, { ...IDEMPOTENT, retry: { ...QUICK, codes: [1503] } })).toEqual([
      'done',
    ]);
    expect([application.calls.length, other.application.calls.length]).toEqual([1, 2]);
  });

  test('is not made again once it has brought a value', async () => {
    const application = new CallApplication((call) => {
      call.openStream().write('a');
      call.fail(-1);
    });
    const { port } = await bench.serve(application);
    const client = bench.client(port, { ...IDEMPOTENT, retry: QUICK });
    const observed = await observe(client.send('i.read', 1)).end();
    expect(observed.values).toEqual(['a']);
    expect(application.calls).toHaveLength(1);
  });

  test('is made again where the server cannot be reached', async () => {
    // A port where nobody listens: found, and left again.
    const reserved = createServer();
    await new Promise<void>((resolve) => reserved.listen(0, LOOPBACK, resolve));
    const { port } = reserved.address() as AddressInfo;
    await new Promise((resolve) => reserved.close(resolve));
    const client = bench.client(port, {
      ...IDEMPOTENT,
      retry: { ...QUICK, maxAttempts: 2 },
      reconnect: false,
    });
    expect(await errorOf(client.send('i.read', 1))).toMatchObject({ code: 'ECONNREFUSED' });
    const patient = { minDelayMs: 100, maxDelayMs: 100, maxAttempts: 100, budgetTokens: 1000 };
    const later = bench.client(port, { ...IDEMPOTENT, retry: patient, reconnect: false });
    const answer = valuesOf(later.send('i.read', 1));
    await bench.serve(new CallApplication((call) => call.succeed(['done'])), { port });
    expect(await answer).toEqual(['done']);
  });

  test('fills the budget of its client where it succeeds', async () => {
    let count = 0;
    const application = new CallApplication((call) => {
      count += 1;
      if (count % 2 === 1) call.fail(-1);
      else call.succeed(['done']);
    });
    const { port } = await bench.serve(application);
    const retry = { ...QUICK, budgetTokens: 4, budgetRatio: 1 };
    const client = bench.client(port, { ...IDEMPOTENT, retry });
    for (let call = 0; call < 6; call++) expect(await valuesOf(client.send('i.read', 1))).toEqual(['done']);
  });

  test('is not made again once its subscriber has left', async () => {
    const { port, application } = await serve(Infinity, lose);
    const client = bench.client(port, { ...IDEMPOTENT, retry: { minDelayMs: 100, maxDelayMs: 100 } });
    await client.connect();
    const observed = observe(client.send('i.read', 1));
    await waitFor(() => application.calls.length === 1, 'the first attempt');
    // Its answer is here before this one's.
    await errorOf(client.send('i.write', 1));
    observed.unsubscribe();
    await timersOf(100);
    await errorOf(client.send('i.write', 1));
    expect(application.calls.map(({ methodName }) => methodName)).toEqual(['read', 'write', 'write']);
  });

  test('ends with its time, whatever may be left of attempts', async () => {
    const { port, application } = await serve(Infinity, lose);
    const slow = { minDelayMs: 50_000, maxDelayMs: 50_000 };
    // The wait for the next attempt would be longer than the call may take.
    expect(await outcome(port, { ...IDEMPOTENT, retry: slow, timeout: 20_000 })).toBe(-1);
    expect(application.calls).toHaveLength(1);
  });
});

describe('the budget of retries', () => {
  const lost = new RemoteError(-1);
  const retries = (options: RetryOptions = {}): Retries => {
    const resolved = resolveRetry({ minDelayMs: 100, ...options });
    if (!resolved) throw new Error('No retries');
    return new Retries(resolved);
  };

  test('waits longer after each attempt, up to a limit, less up to a half', () => {
    const delays = (attempt: number): number[] =>
      Array.from(
        { length: 50 },
        () => retries({ maxAttempts: 9, maxDelayMs: 300 }).delayAfter(lost, attempt) ?? NaN,
      );
    for (const [attempt, most] of [
      [1, 100],
      [2, 200],
      [3, 300],
      [8, 300],
    ]) {
      expect(Math.max(...delays(attempt))).toBeLessThanOrEqual(most);
      expect(Math.min(...delays(attempt))).toBeGreaterThanOrEqual(most / 2);
    }
  });

  test('is used up by failures, whether they are repeated or not, and filled by successes', () => {
    const some = retries({ budgetTokens: 4, budgetRatio: 0.5 });
    expect(some.delayAfter(lost, 1)).toBeDefined();
    // Two tokens of four: half of them.
    expect(some.delayAfter(lost, 1)).toBeUndefined();
    some.succeeded();
    some.succeeded();
    some.succeeded();
    // Three and a half, less one.
    expect(some.delayAfter(lost, 1)).toBeDefined();
    for (let count = 0; count < 100; count++) some.delayAfter(lost, 3);
    expect(some.delayAfter(lost, 1)).toBeUndefined();
    for (let count = 0; count < 100; count++) some.succeeded();
    expect(some.delayAfter(lost, 1)).toBeDefined();
  });

  test('is not touched by errors of handlers', () => {
    const some = retries({ budgetTokens: 4 });
    const other = Object.assign(new Error('of the handler'), { code: 'ETEXT' });
    for (const error of [
      new RemoteError(7),
      { code: 'ETIMEDOUT' },
      { code: 404 },
      'text',
      undefined,
      null,
      other,
    ])
      expect(some.delayAfter(error, 1)).toBeUndefined();
    expect(some.delayAfter(lost, 1)).toBeDefined();
  });
});

test.each<[unknown, string]>([
  ['yes', 'retry must be a boolean, or an object'],
  [{ attempts: 3 }, 'Unknown name "attempts" in retry'],
  [{ maxAttempts: 0 }, 'retry.maxAttempts must be an integer from 1 to 100'],
  [{ minDelayMs: 0 }, 'retry.minDelayMs must be an integer from 1'],
  [{ minDelayMs: 100, maxDelayMs: 50 }, 'retry.maxDelayMs must be an integer from 100'],
  [{ budgetTokens: 0 }, 'retry.budgetTokens must be an integer from 1'],
  [{ budgetRatio: 0 }, 'retry.budgetRatio must be a number above 0, up to 1'],
  [{ codes: ['1'] }, 'retry.codes must be an array of integers'],
])('the option retry is checked: %j', (given, text) => {
  expect(() => resolveRetry(given as RetryOptions)).toThrow(text);
  expect(resolveRetry({ minDelayMs: 5000 })?.maxDelayMs).toBe(5000);
});
