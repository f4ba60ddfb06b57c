import type { Closing } from '../support/closing.js';
import type { JstpModule, PeerServer } from '../support/jstp.js';
import { within } from '../support/wait-for.js';
import { serve, talk } from './program.js';

/** Runs the program; what each side noted, apart, because who of the two is first is a matter of the loop. */
export async function transcriptOf(
  server: JstpModule,
  client: JstpModule,
  closing: Closing,
): Promise<Record<string, unknown[]>> {
  const notes: Record<string, unknown[]> = { server: [], client: [] };
  const note = (side: unknown, ...entry: unknown[]): void => {
    notes[String(side)].push(entry);
  };
  const [listening, port] = await new Promise<[PeerServer, number]>((resolve) => {
    serve(server, note, (...ready) => resolve(ready));
  });
  closing.add(() =>
    within(new Promise<void>((resolve) => listening.close(resolve)), 'the end of the server'),
  );
  await within(new Promise((resolve) => talk(client, port, note, resolve)), 'the end of the program');
  return notes;
}

/** What is noted where the reference talks to itself over `net`. */
export const TRANSCRIPT = {
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
