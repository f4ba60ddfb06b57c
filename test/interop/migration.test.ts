import { afterEach, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import { ours, reference, type JstpModule } from '../support/jstp.js';
import { transcriptOf, TRANSCRIPT } from './transcript.js';

const closing = new Closing();
afterEach(() => closing.run());

const COMBINATIONS: readonly [title: string, server: JstpModule, client: JstpModule][] = [
  ['reference server, our client', reference, ours],
  ['our server, reference client', ours, reference],
  ['our server, our client', ours, ours],
];

describe('a program for the reference’s documented API says the same on', () => {
  test('reference server, reference client: the transcript', async () => {
    expect(await transcriptOf(reference, reference, closing)).toEqual(TRANSCRIPT);
  });

  test.each(COMBINATIONS)('%s', async (_title, server, client) => {
    expect(await transcriptOf(server, client, closing)).toEqual(TRANSCRIPT);
  });
});
