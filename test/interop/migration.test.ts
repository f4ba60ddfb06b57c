import { afterEach, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import {
  ours,
  reference,
  releaseHandshakeTimers,
  type JstpModule,
  type PeerServer,
} from '../support/jstp.js';
import { within } from '../support/wait-for.js';
import { serve, talk } from './program.js';

const closing = new Closing();
afterEach(() => closing.run());

/** Runs the program; what each side noted, apart, because who of the two is first is a matter of the loop. */
async function run(server: JstpModule, client: JstpModule): Promise<Record<string, unknown[]>> {
  const notes: Record<string, unknown[]> = { server: [], client: [] };
  const note = (side: unknown, ...entry: unknown[]): void => {
    notes[String(side)].push(entry);
  };
  const [listening, port] = await new Promise<[PeerServer, number]>((resolve) => {
    serve(server, note, (...ready) => resolve(ready));
  });
  if (server === reference) releaseHandshakeTimers(listening);
  closing.add(() =>
    within(new Promise<void>((resolve) => listening.close(resolve)), 'the end of the server'),
  );
  await within(new Promise((resolve) => talk(client, port, note, resolve)), 'the end of the program');
  return notes;
}

const COMBINATIONS: readonly [title: string, server: JstpModule, client: JstpModule][] = [
  ['reference server, our client', reference, ours],
  ['our server, reference client', ours, reference],
  ['our server, our client', ours, ours],
];

describe('a program for the reference’s documented API says the same on', () => {
  test('reference server, reference client: the transcript', async () => {
    expect(await run(reference, reference)).toEqual(TRANSCRIPT);
  });

  test.each(COMBINATIONS)('%s', async (_title, server, client) => {
    expect(await run(server, client)).toEqual(TRANSCRIPT);
  });
});

const TRANSCRIPT = {
  client: [
    ['refused', 11, true],
    ['connected', null, 'ann', ['math', 'room']],
    ['add', null, 5],
    ['divide', null, 3, 1],
    ['error', 1010, 'Division by zero', [1], true],
    ['error', 1, 'RemoteError: Error: on purpose'],
    ['error', 17, true],
    ['event', 'ann', 'lobby'],
    ['enter', null],
    ['askBack', null, 'really? yes'],
    ['pong'],
    ['close', false],
    ['reconnector'],
    ['reconnectAttempt', 'net'],
    ['reconnect', null],
    ['reconnected', null],
    ['where', null, 'lobby'],
    ['inspect', 12, true],
    ['close', true],
  ],
  server: [
    ['policy', 'demo', 'login', 'ann'],
    ['policy', 'demo', 'login', 'ann'],
    ['connect', 'ann', '1.2.0'],
    ['says', 'ann', 'hello'],
    ['reconnect', 'ann'],
  ],
};
