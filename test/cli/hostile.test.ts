import { createServer } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { stringify } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { startRawServer } from '../support/jstp.js';
import { LOOPBACK } from '../support/ports.js';
import { cli } from './fake-io.js';
import { EVIL } from './world.js';

const closing = new Closing();
afterEach(() => closing.run());

/** A server that lets everybody in, and answers each call and inspect with a text. */
async function answering(answer: string): Promise<string> {
  const server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (data) => {
        for (const message of data.toString().split('\0')) {
          const [, kind = '', number = ''] = /^\{(\w+):\[(\d+)/.exec(message) ?? [];
          if (kind === 'handshake') socket.write(`{handshake:[0],ok:'${'5'.repeat(32)}'}\0`);
          else if (kind === 'ping') socket.write(`{pong:[${number}]}\0`);
          else if (kind !== '') socket.write(`{callback:[${number}],${answer}}\0`);
        }
      });
  });
  const { port } = await startRawServer(server, closing);
  return `jstp://${LOOPBACK}:${port}/chat`;
}

const member = {
  [EVIL]: {
    description: EVIL,
    deprecated: EVIL,
    arguments: [{ name: EVIL, schema: { enum: [EVIL] } }, 7],
    result: { $ref: EVIL },
  },
};
const DESCRIPTIONS: readonly unknown[] = [
  {
    format: 1,
    name: EVIL,
    version: EVIL,
    description: EVIL,
    interfaces: { [EVIL]: { methods: member, events: member, emits: member } },
    handshakes: [{ strategy: EVIL }, null],
    definitions: { [EVIL]: { type: [EVIL], title: EVIL } },
    wildcards: member,
  },
  {
    format: 1,
    interfaces: { a: 1, b: { methods: [1], events: 'x' }, __proto__: { methods: { toString: {} } } },
    handshakes: 'all',
  },
  {
    format: 1,
    name: 'a',
    version: '1.0.0',
    interfaces: {
      constructor: {
        methods: { hasOwnProperty: { result: { properties: { __proto__: { $ref: '#/definitions/a' } } } } },
      },
    },
    definitions: { a: { $ref: '#/definitions/a' } },
  },
  { format: 2, interfaces: {} },
  [EVIL],
  EVIL,
];

test.each(DESCRIPTIONS.map((description, index) => [index, description]))(
  'a hostile description (%#) ends in a text without control characters, or in an error',
  async (_, description) => {
    const address = await answering(`ok:[${stringify(description)}]`);
    for (const command of ['inspect', 'types', 'asyncapi']) {
      const { code, stdout, stderr } = await cli([command, address], {
        terminals: ['stdout', 'stderr'],
        env: { NO_COLOR: '1' },
      });
      expect([0, 5]).toContain(code);
      // eslint-disable-next-line no-control-regex -- It is what must not be there.
      expect(stdout + stderr).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
    }
  },
);

test('a hostile error, or names, reach no terminal as they are', async () => {
  const failing = await answering(`error:[1010,${stringify(EVIL)},${stringify({ [EVIL]: EVIL })}]`);
  const naming = await answering(`ok:[${stringify(EVIL)},'__proto__','constructor']`);
  const options = { terminals: ['stdout', 'stderr'] as const, env: { NO_COLOR: '1' } };
  const outcomes = [
    await cli(['call', failing, 'a.b'], options),
    await cli(['call', failing, 'a.b', '--json'], options),
    await cli(['bench', failing, 'a.b', '--count', '2'], options),
    await cli(['inspect', naming, 'rooms'], options),
    await cli(['repl', failing], { env: { NO_COLOR: '1' }, input: 'a.b()\ninspect a\n' }),
  ];
  for (const { stdout, stderr } of outcomes) {
    expect(stdout + stderr).not.toBe('');
    // eslint-disable-next-line no-control-regex -- It is what must not be there.
    expect(stdout + stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
  }
});
