import { describe, expect, test } from '@jest/globals';
import { Application, ERR_INTERFACE_NOT_FOUND, type Connection } from '../../../lib/core.js';
import { API } from '../../support/core.js';
import { within } from '../../support/wait-for.js';
import { dialOf } from '../contender.js';
import type { Ring } from '../ring.js';

const MIB = 1024 * 1024;
const SIDE = new Application<Connection>('side', API);
const echo = (connection: Connection, value: unknown): Promise<unknown> =>
  within(connection.callMethod('echo', 'back', [value]), 'an echo');

/** What is said over a line arrives, whole and in order. */
export function describeTalk(ring: Ring): void {
  describe('talk', () => {
    test('calls, both ways', async () => {
      const { client, remote } = await ring.link({}, { application: SIDE });
      expect(await echo(client, { a: [1, 'ü', null] })).toEqual({ a: [1, 'ü', null] });
      expect(await echo(remote, 'back')).toBe('back');
      await expect(client.callMethod('echo', 'fail', [])).rejects.toMatchObject({ message: 'failed' });
    });

    test('a text with every kind of character comes back as it went', async () => {
      const { client } = await ring.link();
      const text = 'quotes \' " ` \\ \0 \n\r\t \u2028 grüße 漢字 😀 \ufeff';
      expect(await echo(client, text)).toBe(text);
    });

    test('a lone surrogate does not end the line', async () => {
      const { client } = await ring.link();
      expect(await echo(client, `a${String.fromCharCode(0xd800)}b`)).toMatch(/^a.b$/u);
    });

    test('inspects, and connectAndInspect with what fails', async () => {
      const { client, server } = await ring.link();
      const proxy = await within(client.inspectInterface('echo'), 'an inspect');
      expect(await (proxy['back'] as (value: number) => Promise<unknown>)(5)).toBe(5);
      const { entry } = ring.contender;
      const args = dialOf(ring.contender, server);
      const options = { reconnector: (): undefined => undefined };
      const failing = entry.connectAndInspect('app', options, ['echo', 'nothing'], ...args);
      const error = await within(failing, 'an inspect').catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: ERR_INTERFACE_NOT_FOUND });
      (error as { connection: Connection }).connection.close();
    });

    test('events, both ways and in order', async () => {
      const { client, remote } = await ring.link();
      const seen: [string, unknown][] = [];
      const here = await client.inspectInterface('echo');
      here.on('said', (value: unknown) => seen.push(['client', value]));
      for (let n = 0; n < 50; n++) remote.emitRemoteEvent('echo', 'said', [n]);
      await within(client.ping(), 'a pong');
      expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => ['client', index]));
    });

    test('messages of 3 MiB, both ways, with many bytes to a character', async () => {
      const { client, remote } = await ring.link({}, { application: SIDE });
      const text = '漢字ü!'.repeat((3 * MIB) / 9);
      expect((await echo(client, text)) === text).toBe(true);
      expect((await echo(remote, text)) === text).toBe(true);
    });

    test('several large messages at once keep their order', async () => {
      const { client } = await ring.link();
      const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(MIB));
      const order: string[] = [];
      const calls = [...texts, 'short'].map((text) =>
        echo(client, text).then((answer) => order.push((answer as string).slice(0, 1))),
      );
      await Promise.all(calls);
      expect(order).toEqual(['a', 'b', 'c', 's']);
    });

    test('5000 small calls at once are each answered with their own', async () => {
      const { client } = await ring.link();
      const values = Array.from({ length: 5000 }, (_, index) => index);
      expect(await Promise.all(values.map((value) => echo(client, value)))).toEqual(values);
    });

    test('calls beyond maxCallsInFlight wait, and are all served in the end', async () => {
      const waiting: (() => void)[] = [];
      let most = 0;
      const server = await ring.serve(
        { limits: { maxCallsInFlight: 10 } },
        {
          slow: {
            wait: (_connection: Connection, callback: (error: null) => void) => {
              waiting.push(() => callback(null));
              most = Math.max(most, waiting.length);
            },
          },
        },
      );
      const client = await ring.dial(server);
      const calls = Promise.all(Array.from({ length: 200 }, () => client.callMethod('slow', 'wait', [])));
      const timer = setInterval(() => waiting.shift()?.(), 0);
      ring.ends(() => clearInterval(timer));
      await within(calls, 'all answers');
      expect(most).toBe(10);
    });
  });
}
