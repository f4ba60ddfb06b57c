import { afterEach, expect, test } from '@jest/globals';
import type { AuthCallback } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { startCore } from '../support/core.js';
import { RawPeer } from '../support/raw-peer.js';
import { waitFor } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

const extensions = ['bye', 'stream'] as const;
const HEADER = "[0,'app','',{bye:1,stream:1}]";

async function peerOf(port: number): Promise<RawPeer> {
  const peer = await RawPeer.connect(port);
  closing.add(() => peer.destroy());
  return peer;
}

function sessionIdIn(text: string | undefined): string {
  return /ok:'([^']+)'/.exec(text ?? '')?.[1] ?? '';
}

test('a session that was ended by bye cannot be resumed, though it was stored at an earlier cut', async () => {
  const { server, port } = await startCore(closing, {
    extensions,
    authPolicy: (_connection, _application, _strategy, _credentials, done: AuthCallback) => {
      done(null, 'ann');
    },
  });
  const first = await peerOf(port);
  first.send(`{handshake:${HEADER},login:['ann','x']}`);
  const id = sessionIdIn((await first.received(1))[0]);
  first.destroy();
  await waitFor(() => server.getClientsArray().length === 0, 'the cut');

  const second = await peerOf(port);
  second.send(`{handshake:${HEADER},session:['${id}',0]}`, "{bye:['close']}");
  expect((await second.received(1))[0]).toContain('ok:0');
  await second.end();

  const third = await peerOf(port);
  third.send(`{handshake:${HEADER},session:['${id}',0]}`);
  expect((await third.received(1))[0]).toContain('error:[11');
});

test('a resume is refused when what it needs was freed while the policy was deciding', async () => {
  let decide: (() => void) | undefined;
  const { server, port } = await startCore(closing, {
    extensions,
    authPolicy: {
      decidesResume: true,
      authenticate: (_connection, _application, strategy, _credentials, done: AuthCallback) => {
        if (strategy === 'session') decide = () => done(null, true);
        else done(null, 'ann');
      },
    },
  });
  const first = await peerOf(port);
  first.send(`{handshake:${HEADER},login:['ann','x']}`);
  const id = sessionIdIn((await first.received(1))[0]);
  for (let n = 0; n < 3; n++) server.broadcast('news', 'item', n);
  server.getClientsArray()[0]?.ping(() => undefined);
  await first.received(5);

  const second = await peerOf(port);
  second.send(`{handshake:${HEADER},session:['${id}',0]}`);
  await waitFor(() => decide !== undefined, 'the policy');
  first.send('{pong:[-4]}');
  await waitFor(() => server.getClientsArray()[0]?.session?.journal.size === 0, 'the acknowledgement');
  decide?.();
  expect((await second.received(1))[0]).toContain('error:[11');
});
