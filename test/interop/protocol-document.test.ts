import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import * as core from '../../lib/core.js';
import { ALL_EXTENSIONS } from '../../lib/connection/extensions.js';
import { Closing } from '../support/closing.js';
import { ours, reference, type JstpModule } from '../support/jstp.js';
import { waitFor } from '../support/wait-for.js';
import { PEERS, textExamples, wireExamples, type PeerName, type WireExample } from './wire-example.js';
import { RealNestClient, RealNestServer } from './wire-nest-peers.js';
import { RealClient, RealServer } from './wire-peers.js';
import { dialPlayed, PlayedServer, Replay } from './wire-replay.js';

const markdown = readFileSync(path.resolve(import.meta.dirname, '../../docs/protocol.md'), 'utf8');
const examples = wireExamples(markdown);

const closing = new Closing();
// What a peer does by itself after a time comes in an example where that says so, and only there.
beforeAll(() => {
  jest.useFakeTimers({ doNotFake: ['Date', 'nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask'] });
});
afterAll(() => {
  jest.useRealTimers();
});
afterEach(() => closing.run());

async function replay(example: WireExample, peer: PeerName): Promise<void> {
  if (peer.endsWith('server')) await replayToServer(example, peer);
  else await replayToClient(example, peer);
}

/** Plays the client. What the server's program does before the first message are its settings. */
async function replayToServer(example: WireExample, peer: PeerName): Promise<void> {
  const { isWebSocket, steps } = example;
  const server =
    peer === 'nest-server' ? new RealNestServer(closing) : new RealServer(moduleOf(peer), closing);
  const first = steps.findIndex(({ kind }) => kind !== 'program');
  for (const step of steps.slice(0, first)) {
    if (step.kind === 'program' && step.side === 'server') await server.act(step.words);
  }
  await server.listen(isWebSocket);
  const rest = { ...example, steps: steps.slice(first) };
  await new Replay(rest, server, () => dialPlayed(closing, server.port, isWebSocket)).run();
}

/** Plays the server. */
async function replayToClient(example: WireExample, peer: PeerName): Promise<void> {
  const { isWebSocket } = example;
  const played = new PlayedServer();
  await played.listen(closing, isWebSocket);
  const client =
    peer === 'nest-client'
      ? new RealNestClient(closing, played.port)
      : new RealClient(moduleOf(peer), closing, played.port, isWebSocket);
  let count = 0;
  await new Replay(example, client, async () => {
    const turn = count++;
    await waitFor(() => played.ends.length > turn, 'a transport');
    return played.ends[turn];
  }).run();
}

function moduleOf(peer: PeerName): JstpModule {
  return peer.startsWith('jstp-') ? reference : ours;
}

describe.each(PEERS.filter((name) => examples.some(({ peers }) => peers.includes(name))))(
  'with a real %s',
  (peer) => {
    test.each(
      examples
        .filter(({ peers }) => peers.includes(peer))
        .map((example) => [example.title, example] as const),
    )('%s', async (_title, example) => {
      await replay(example, peer);
    });
  },
);

describe('texts of the document', () => {
  test.each(textExamples(markdown).map((example) => [example.title, example] as const))(
    '%s',
    (_title, { text, normal }) => {
      if (normal === undefined) expect(() => core.parse(text)).toThrow();
      else expect(core.stringify(core.parse(text))).toBe(normal);
    },
  );
});

/** The columns of a document's table whose first column has that name. */
function rowsOf(name: string): readonly string[][] {
  const lines = markdown.split('\n');
  const head = lines.findIndex((line) => line.startsWith(`| ${name} |`));
  const length = lines.slice(head).findIndex((line) => !line.startsWith('|'));
  return lines.slice(head + 2, head + length).map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
}

describe('the document', () => {
  const messages = examples.flatMap(({ steps }) =>
    steps.flatMap((step) => (step.kind === 'message' ? [step.text] : [])),
  );

  test.each([
    /\{handshake:\[0,'app'\]\}/,
    /\{handshake:\[0,'app','[^']+'\],login:/,
    /\{handshake:\[0,'app'\],session:/,
    /\{handshake:\[0\],ok:/,
    /\{handshake:\[0\],error:/,
    /\{call:/,
    /\{callback:\[\d+\],ok:/,
    /\{callback:\[\d+\],error:/,
    /\{event:/,
    /\{inspect:/,
    /\{ping:\[\d/,
    /\{pong:\[\d/,
    /\{ping:\[0\]/,
    /\{pong:\[0\]/,
    /^\{\}/,
    /\{stream:\[\d+,\d+\],data:/,
    /\{stream:\[\d+\],credit:/,
    /\{cancel:/,
    /\{bye:\['close'\]/,
    /\{bye:\['moved'\]/,
    /\{bye:\['taken'\]/,
  ])('has an example of %s', (pattern) => {
    expect(messages.filter((text) => pattern.test(text))).not.toHaveLength(0);
  });

  test.each([...ALL_EXTENSIONS, 'max'])('has an example in which %s is agreed on', (name) => {
    const answers = messages.filter(
      (text) => text.startsWith('{handshake:[0,null,{') && text.includes(`${name}:`),
    );
    expect(answers).not.toHaveLength(0);
  });

  test('names every code of an error', () => {
    const told = rowsOf('code').flatMap(([code, name]) => (name === '' ? [] : [[name, Number(code)]]));
    const codes = Object.entries(core).filter(
      ([name, value]) => name.startsWith('ERR_') && typeof value === 'number',
    );
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(codes));
  });

  test('tells the default limits as they are', () => {
    const told = rowsOf('limit').map(([name, value]) => [name.replaceAll('`', ''), Number(value)]);
    expect(told).not.toHaveLength(0);
    expect(core.DEFAULT_LIMITS).toMatchObject(Object.fromEntries(told) as object);
  });
});
