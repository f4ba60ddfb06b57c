import { afterEach, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import type { Back } from '../support/core.js';
import {
  call,
  connect,
  cut,
  failureOf,
  inspect,
  ours,
  ping,
  plainError,
  reconnect,
  reference,
  startServer,
  type JstpModule,
} from '../support/jstp.js';
import { OTHER_TRANSPORTS, over } from '../support/over.js';
import { waitFor } from '../support/wait-for.js';
import { transcriptOf, TRANSCRIPT } from './transcript.js';

const closing = new Closing();
afterEach(() => closing.run());

const CASES = OTHER_TRANSPORTS.flatMap((name) => [
  {
    title: `our client, reference server over ${name}`,
    name,
    server: over(reference, name),
    client: over(ours, name),
  },
  {
    title: `reference client, our server over ${name}`,
    name,
    server: over(ours, name),
    client: over(reference, name),
  },
]);

function applications(jstp: JstpModule): unknown[] {
  const api = {
    echo: {
      back: (_connection: unknown, value: unknown, callback: Back) => callback(null, value),
    },
  };
  return [new jstp.Application('app@1.2.0', api)];
}

describe.each(CASES)('$title', ({ title, server, client, name }) => {
  async function start(options: object = {}): ReturnType<typeof startServer> {
    return startServer(server, { applications: applications(server), ...options }, closing);
  }

  test('the program of the migration says the same, cut line and return included', async () => {
    // The reference calls both by one name.
    const isReference = title.startsWith('reference client');
    const attempt = ['reconnectAttempt', isReference && name === 'wss' ? 'ws' : name];
    const expected = {
      ...TRANSCRIPT,
      client: TRANSCRIPT.client.map((entry) => (entry[0] === 'reconnectAttempt' ? attempt : entry)),
    };
    expect(await transcriptOf(server, client, closing)).toEqual(expected);
  });

  test('messages of 3 MiB go both ways, whole', async () => {
    const { server: listening, port } = await start();
    const application = new client.Application('side', {
      echo: { back: (_connection: unknown, value: unknown, callback: Back) => callback(null, value) },
    });
    const connection = await connect(client, closing, 'app', port, { application });
    const text = '漢字ü!'.repeat(350_000);
    expect((await call(connection, 'echo', 'back', text))[0] === text).toBe(true);
    const remote = [...listening.getClients()][0];
    expect((await call(remote, 'echo', 'back', text))[0] === text).toBe(true);
  });

  test('a thousand calls at once, inspects, pings and refusals', async () => {
    const { port } = await start();
    const connection = await connect(client, closing, 'app@^1.0.0', port);
    const values = Array.from({ length: 1000 }, (_, index) => index);
    const answers = await Promise.all(values.map((value) => call(connection, 'echo', 'back', value)));
    expect(answers.flat()).toEqual(values);
    expect(Object.hasOwn(await inspect(connection, 'echo'), 'back')).toBe(true);
    await ping(connection);
    expect(plainError(await failureOf(inspect(connection, 'nothing')))).toMatchObject({ code: 12 });
    expect(plainError(await failureOf(connect(client, closing, 'nobody', port)))).toMatchObject({ code: 10 });
    const connectPolicy = new client.SimpleConnectPolicy('ann', 'wrong');
    const refused = connect(client, closing, 'app', port, { connectPolicy });
    expect(plainError(await failureOf(refused))).toMatchObject({ code: 11 });
  });

  test('events reach all clients, and the end of one is seen', async () => {
    const { server: listening, port } = await start();
    const heard: unknown[] = [];
    const clients = await Promise.all([1, 2].map(() => connect(client, closing, 'app', port)));
    for (const connection of clients) {
      const proxy = await inspect(connection, 'echo');
      proxy.on('said', (text: string) => heard.push(text));
    }
    listening.broadcast('echo', 'said', 'to all');
    await waitFor(() => heard.length === 2, 'the events');
    clients[0]?.close();
    await waitFor(() => listening.getClientsArray().length === 1, 'the end of one');
  });

  test('a cut session is resumed, and what was made meanwhile arrives', async () => {
    const { server: listening, port } = await start();
    const connection = await connect(client, closing, 'app', port);
    const id = connection.session?.id;
    await ping(connection);
    const closed = new Promise((resolve) => connection.once('close', resolve));
    cut(connection);
    await closed;
    await waitFor(() => listening.getClientsArray().length === 0, 'the end at the server');
    const answer = call(connection, 'echo', 'back', 'made offline');
    expect(await reconnect(client, connection, port)).toBeNull();
    expect(await answer).toEqual(['made offline']);
    expect(connection.session?.id).toBe(id);
  });
});
