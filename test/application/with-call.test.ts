import { describe, expect, test } from '@jest/globals';
import { Application, withCall, type CallInfo } from '../../lib/core.js';
import type { IncomingCall } from '../../lib/application/incoming-call.js';
import { LocalCall } from '../../lib/application/local-call.js';
import { serveCall } from '../../lib/application/serve-call.js';

const reporter = { reportError: (): undefined => undefined };

/** Serves a call, and returns its outcome. */
function serve(application: Application<string>, method: string, args: unknown[]): Promise<unknown[]> {
  return new Promise((resolve) => {
    const call: IncomingCall<string> = new LocalCall(
      'the connection',
      'i',
      method,
      args,
      (...outcome: unknown[]) => resolve(outcome),
      { locale: 'de' },
    );
    serveCall(application, call, reporter);
  });
}

describe('a method made by withCall', () => {
  const application = new Application<string>(
    'app',
    {
      i: {
        info: withCall((call, a: number) => [
          call.connection,
          call.interfaceName,
          call.methodName,
          call.metadata,
          a,
        ]),
        later: withCall(async (_call, a: number, b: number) => Promise.resolve(a + b)),
        nothing: withCall(() => undefined),
        throws: withCall((_call) => {
          throw new Error('of the server alone');
        }),
      },
    },
    { i: { said: withCall((call: CallInfo, what: string) => [what, call.metadata, call.signal.aborted]) } },
  );

  test('gets the call before the arguments, and its result is the answer', async () => {
    expect(await serve(application, 'info', [7])).toEqual([
      null,
      ['the connection', 'i', 'info', { locale: 'de' }, 7],
    ]);
    expect(await serve(application, 'later', [2, 3])).toEqual([null, 5]);
  });

  test('takes as many arguments as it declares behind the call', async () => {
    expect(await serve(application, 'later', [2])).toEqual([17]);
    expect(await serve(application, 'info', [1, 2])).toEqual([17]);
    expect(await serve(application, 'nothing', [])).toEqual([17]);
  });

  test('answers with 16 for what it throws', async () => {
    const [error] = await serve(application, 'throws', []);
    expect(error).toMatchObject({ code: 16 });
  });

  test('runs without a peer, too, and sees no metadata then', async () => {
    const outcome = await new Promise((resolve) => {
      application.callMethod('c', 'i', 'info', [7], (...given: unknown[]) => resolve(given));
    });
    expect(outcome).toEqual([null, ['c', 'i', 'info', undefined, 7]]);
  });

  test('as a handler of events gets their metadata, and nobody waits for it', () => {
    expect(application.handleEvent('c', 'i', 'said', ['hi'], { trace: '7f' })).toEqual([
      'hi',
      { trace: '7f' },
      false,
    ]);
  });
});
