import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Controller, Logger } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { JstpClient, net } from '../../lib/index.js';
import type { JstpClientEvents } from '../../lib/index.js';
import { Closing } from '../support/closing.js';
import { startService } from './server/fixture.js';
import { ALL_EXTENSIONS } from '../support/core.js';
import { turns } from '../support/quiet.js';
import { waitFor, within } from '../support/wait-for.js';

@Controller()
class Echo {
  @MessagePattern('echo.back')
  back(value: unknown): unknown {
    return value;
  }
}

const closing = new Closing();
let logged: jest.SpiedFunction<typeof Logger.prototype.error>;
beforeEach(() => {
  logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
});
afterEach(async () => {
  await closing.run();
  logged.mockRestore();
});

const SERVER_EVENTS = ['connect', 'connectionError', 'disconnect', 'listening', 'log', 'reconnect'] as const;
const CLIENT_EVENTS: readonly (keyof JstpClientEvents)[] = [
  'connect',
  'close',
  'reconnecting',
  'reconnect',
  'sessionLost',
  'sessionTaken',
  'error',
];

describe.each(['throws', 'rejects'] as const)('a listener that %s', (how) => {
  function failing(name: string, thrown: Error[]): () => never {
    return () => {
      const error = new Error(name);
      thrown.push(error);
      if (how === 'throws') throw error;
      return Promise.reject(error) as never;
    };
  }

  test('of JstpClient or JstpServer, is logged once, and changes nothing', async () => {
    const thrown: Error[] = [];
    const heard = new Set<string>();
    const { server, port } = await startService({
      controllers: [Echo],
      configure: (_app, starting) => {
        for (const name of SERVER_EVENTS) {
          starting.on(name, failing(`server: ${name}`, thrown));
          starting.on(name, () => void heard.add(`server: ${name}`));
        }
      },
    });
    const client = new JstpClient({ port, host: '127.0.0.1' });
    closing.add(() => client.close());
    for (const name of CLIENT_EVENTS) {
      client.on(name, failing(`client: ${name}`, thrown));
      client.on(name, () => void heard.add(`client: ${name}`));
    }
    const send = (value: unknown): Promise<unknown> =>
      within(firstValueFrom(client.send('echo.back', value)), 'an answer');
    expect(await send(1)).toBe(1);
    const connection = await client.connect();
    (connection.getTransport() as Socket).destroy(new Error('cut'));
    await waitFor(() => heard.has('client: reconnect'), 'the resume');
    expect(await send(2)).toBe(2);
    // The server ends the session; the client gets a new one.
    for (const each of server.getClients()) each.close();
    await waitFor(() => heard.has('client: sessionLost'), 'the loss');
    expect(await send(3)).toBe(3);
    // Another connection takes the session.
    const { session } = await client.connect();
    const thief = await within(
      net.connect('jstp', { session, extensions: ALL_EXTENSIONS }, port, '127.0.0.1'),
      'the thief',
    );
    closing.add(() => thief.close());
    await waitFor(() => heard.has('client: sessionTaken'), 'the takeover');
    await client.close();
    thief.close();
    await turns();
    expect([...heard].sort()).toEqual([
      ...[...CLIENT_EVENTS].map((name) => `client: ${name}`).sort(),
      ...SERVER_EVENTS.map((name) => `server: ${name}`),
    ]);
    const reports = thrown.map((error) => logged.mock.calls.filter(([first]) => first === error).length);
    expect(new Set(reports)).toEqual(new Set([1]));
  });
});
