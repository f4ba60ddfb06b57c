import { afterEach, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import type { Back } from '../support/core.js';
import {
  call,
  connect,
  MIXED_PAIRS,
  ping,
  startServer,
  type JstpModule,
  type PeerConnection,
} from '../support/jstp.js';
import { timersOf } from '../support/quiet.js';
import { RawPeer } from '../support/raw-peer.js';
import { waitFor } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

function application(jstp: JstpModule): unknown {
  return new jstp.Application('app', {
    ask: { up: (_connection: unknown, callback: Back) => callback(null, true) },
  });
}

/** Counts the messages of a kind that a connection sends or receives. */
function count(connection: PeerConnection, event: string, kind: string): () => number {
  let messages = 0;
  connection.on(event, (message: object) => {
    if (Object.keys(message)[0] === kind) messages += 1;
  });
  return () => messages;
}

describe.each(MIXED_PAIRS)('pings, $title', ({ server, client }) => {
  async function start(
    serverOptions = {},
    clientOptions = {},
  ): Promise<{ near: PeerConnection; far: PeerConnection; port: number }> {
    const { server: listening, port } = await startServer(
      server,
      { applications: [application(server)], ...serverOptions },
      closing,
    );
    const near = await connect(client, closing, 'app', port, clientOptions);
    const [far] = listening.getClientsArray();
    return { near, far, port };
  }

  test('are answered by both sides', async () => {
    const { near, far } = await start();
    expect((await ping(near)) ?? null).toBeNull();
    expect((await ping(far)) ?? null).toBeNull();
    expect(await call(near, 'ask', 'up')).toEqual([true]);
  });

  test('a ping may go without a callback', async () => {
    const { near, far } = await start();
    near.ping();
    far.ping();
    expect(await call(near, 'ask', 'up')).toEqual([true]);
  });

  test('the client’s heartbeat goes on while the server answers, and stops when told', async () => {
    const { near } = await start({}, { heartbeatInterval: 25 });
    const pongs = count(near, 'incomingMessage', 'pong');
    await waitFor(() => pongs() >= 3, 'three pongs');
    near.stopHeartbeat();
    await ping(near);
    const then = pongs();
    await timersOf(25);
    await ping(near);
    // The one of this test itself.
    expect(pongs()).toBe(then + 1);
    expect(near.handshakeDone).toBe(true);
  });

  test('the server’s heartbeat goes on while the client answers', async () => {
    const { near, far } = await start({ heartbeatInterval: 25 });
    const pongs = count(far, 'incomingMessage', 'pong');
    await waitFor(() => pongs() >= 3, 'three pongs');
    expect(near.handshakeDone).toBe(true);
    expect(await call(near, 'ask', 'up')).toEqual([true]);
  });

  test('startHeartbeat begins one later', async () => {
    const { near } = await start();
    const pings = count(near, 'outgoingMessage', 'ping');
    near.startHeartbeat(25);
    await waitFor(() => pings() >= 3, 'three pings');
    near.stopHeartbeat();
  });

  test('the old `{}` is logged as a heartbeat, not answered, at any time', async () => {
    const { port } = await start();
    const peer = await RawPeer.connect(port);
    closing.add(() => peer.destroy());
    peer.send('{}', "{handshake:[0,'app']}", '{}', '{ping:[1]}');
    await peer.received(2);
    await peer.pong(2);
    expect(peer.messages.slice(1)).toEqual(['{pong:[1]}']);
  });
});
