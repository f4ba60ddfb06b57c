import { afterEach, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import { dial, startCore, type CoreServer } from '../support/core.js';
import { RawPeer } from '../support/raw-peer.js';
import { EXTENSIONS } from '../support/resume-wire.js';
import { waitFor } from '../support/wait-for.js';
import { servedCalls } from '../support/internals.js';

const closing = new Closing();
afterEach(() => closing.run());

const RESUMING = `{handshake:[0,'app','',${EXTENSIONS}]}`;
const PLAIN = "{handshake:[0,'app']}";

/** A peer of a server with a heartbeat, which answers pings or does not. */
async function guest(
  { port }: CoreServer,
  handshake: string,
  answers: (ping: string) => boolean,
): Promise<RawPeer> {
  const peer = await RawPeer.connect(port);
  closing.add(() => peer.destroy());
  peer.send(handshake);
  await peer.received(1);
  let seen = 0;
  const answering = setInterval(() => {
    for (; seen < peer.messages.length; seen++) {
      const text = peer.messages[seen];
      if (text.startsWith('{ping') && answers(text)) peer.send(text.replace('ping', 'pong'));
    }
  }, 2);
  closing.add(() => clearInterval(answering));
  return peer;
}

const pingsOf = (peer: RawPeer): string[] => peer.messages.filter((text) => text.startsWith('{ping'));

describe('a heartbeat', () => {
  test.each([
    ['that resumes', RESUMING],
    ['of the reference', PLAIN],
  ])('ends a silent peer %s, although its journal is full', async (_what, handshake) => {
    const core = await startCore(closing, { heartbeatInterval: 30, limits: { journalMaxEntries: 6 } });
    await guest(core, handshake, () => false);
    const [connection] = core.server.getClientsArray();
    for (let turn = 0; turn < 10; turn++) connection.emitRemoteEvent('news', 'item', [turn]);
    expect(connection.sendEvent('news', 'item', [])).toMatchObject({ code: -5 });
    await waitFor(() => core.server.getClientsArray().length === 0, 'its end');
  });

  test('keeps a peer that pongs and acknowledges nothing, and takes no room for it', async () => {
    const core = await startCore(closing, { heartbeatInterval: 20, limits: { journalMaxEntries: 6 } });
    const peer = await guest(core, RESUMING, (ping) => ping === '{ping:[0]}');
    const [connection] = core.server.getClientsArray();
    for (let turn = 0; turn < 10; turn++) connection.emitRemoteEvent('news', 'item', [turn]);
    const size = connection.session?.journal.size;
    await waitFor(() => pingsOf(peer).filter((ping) => ping === '{ping:[0]}').length > 8, 'heartbeats');
    expect(core.server.getClientsArray()).toHaveLength(1);
    expect(connection.session?.journal.size).toBe(size);
  });

  test('keeps a peer whose pongs are held up while it asks about the line itself, and not one that has stopped', async () => {
    const core = await startCore(closing, { heartbeatInterval: 100 });
    const peer = await guest(core, RESUMING, () => false);
    let asked = 0;
    const asking = setInterval(() => {
      asked += 1;
      peer.send('{ping:[0]}');
    }, 10);
    closing.add(() => clearInterval(asking));
    await waitFor(() => asked > 60, 'the time of many pongs');
    expect(core.server.getClientsArray()).toHaveLength(1);
    clearInterval(asking);
    await waitFor(() => core.server.getClientsArray().length === 0, 'its end');
  });

  test('asks peers that do not resume by numbered pings, as the reference does', async () => {
    const core = await startCore(closing, { heartbeatInterval: 20 });
    const peer = await guest(core, PLAIN, () => true);
    await waitFor(() => pingsOf(peer).length >= 3, 'heartbeats');
    expect(pingsOf(peer).slice(0, 3)).toEqual(['{ping:[-1]}', '{ping:[-2]}', '{ping:[-3]}']);
  });

  test('is answered while as many calls are served as may be, and counts as no message', async () => {
    const core = await startCore(closing, { limits: { maxCallsInFlight: 1 } });
    const client = await dial(closing, core.port, { heartbeatInterval: 20 });
    const ends: unknown[] = [];
    client.on('close', () => ends.push('end'));
    client.callMethod('echo', 'never', []).catch(() => undefined);
    client.emitRemoteEvent('echo', 'waits', []);
    const [connection] = core.server.getClientsArray();
    await waitFor(() => servedCalls(connection) === 1, 'the call');
    let heard = 0;
    connection.on('outgoingMessage', (message) => {
      if ('pong' in (message as object)) heard += 1;
    });
    await waitFor(() => heard > 6, 'pongs');
    expect(ends).toEqual([]);
    expect(connection.session?.receivedCount).toBe(1);
  });

  test('with the number 0 of a peer that has not agreed to resume is a message as any other', async () => {
    const core = await startCore(closing);
    const peer = await guest(core, PLAIN, () => true);
    peer.send('{ping:[0]}');
    expect((await peer.received(2))[1]).toBe('{pong:[0]}');
  });

  test('waits for a pong that is behind a large message, and not for one behind a message that stays begun', async () => {
    const core = await startCore(closing, { heartbeatInterval: 40 });
    const peer = await guest(core, PLAIN, () => false);
    peer.socket.write(`{event:[1,'news'],large:['`);
    let sent = 0;
    const sending = setInterval(() => {
      sent += 1;
      peer.socket.write('x');
    }, 10);
    closing.add(() => clearInterval(sending));
    await waitFor(() => sent > 60, 'half a message');
    expect(core.server.getClientsArray()).toHaveLength(1);
    clearInterval(sending);
    await waitFor(() => core.server.getClientsArray().length === 0, 'its end');
  });
});
