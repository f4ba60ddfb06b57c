import { beforeAll, expect, test } from '@jest/globals';
import { typesOf } from '../../../lib/reflection/typescript.js';
import { complaintsAbout } from '../../support/compiled.js';

/** Each line is wrong in one way. */
const LINES = {
  method: `client.send('rooms.jion', 'kitchen');`,
  byName: `client.call('rooms', 'jion', 'kitchen');`,
  proxy: `client.proxy('rooms').jion('kitchen');`,
  interface: `client.proxy('romos');`,
  data: `client.send('rooms.join', 5);`,
  result: `const wrong: Observable<number> = client.send('rooms.join', 'kitchen');`,
  event: `client.fromEvent('rooms', 'sayd');`,
  emitted: `client.emit('rooms.tiping', 'ann');`,
  bare: `client.send('rooms.join');`,
  handler: `class A implements Handles<Chat, 'sums'> { add(a: string, b: number) { return b; } }`,
  missing: `class B implements Handles<Chat, 'sums'> {}`,
};

const STRINGS = { type: 'array', items: { type: 'string' } };

// The contract is one that was printed: what is printed is what a client takes.
const HEAD = `import type { Observable } from 'rxjs';
import type { Handles, JstpClient } from '../../../lib/index.js';
${typesOf({
  format: 1,
  name: 'chat',
  version: '1.0.0',
  handshakes: [],
  interfaces: {
    rooms: {
      methods: {
        join: { arguments: [{ name: 'room', schema: { type: 'string' } }], result: STRINGS },
        leave: { arguments: [{ name: 'room', schema: { type: 'string' } }], result: false },
        list: { arguments: [], result: STRINGS },
      },
      events: { typing: { arguments: [{ name: 'who', schema: { type: 'string' } }] } },
      emits: { said: { arguments: [{ name: 'text', schema: { type: 'string' } }] } },
    },
    sums: {
      methods: {
        add: {
          arguments: [
            { name: 'a', schema: { type: 'number' } },
            { name: 'b', schema: { type: 'number' } },
          ],
          result: { type: 'number' },
        },
      },
      events: {},
      emits: {},
    },
  },
})}
declare const client: JstpClient<Chat>;
`;

const texts: Partial<Record<string, string>> = {};

// Why all in one program: a compiler takes seconds to begin.
beforeAll(() => {
  const text = HEAD + Object.values(LINES).join('\n');
  const first = HEAD.split('\n').length - 1;
  for (const { line, text: complaint } of complaintsAbout('test/nest/contracts/wrong.ts', text))
    texts[Object.keys(LINES)[line - first] ?? 'elsewhere'] = complaint;
}, 120_000);

test('a contract that was printed from a description is what clients and handlers take', () => {
  expect(texts['elsewhere']).toBeUndefined();
});

test.each<[keyof typeof LINES, string[]]>([
  ['method', [`'"rooms.jion"'`, `"rooms.join"`, `"rooms.leave"`, `"rooms.list"`]],
  ['byName', [`'"jion"'`, `'"join" | "leave" | "list"'`]],
  ['proxy', [`'jion'`, `join(room: string)`]],
  ['interface', [`'"romos"'`, `"rooms"`, `"sums"`]],
  ['data', [`'number'`, `string`]],
  ['result', [`'Observable<string[]>'`, `'Observable<number>'`]],
  ['event', [`'"sayd"'`, `'"said"'`]],
  ['emitted', [`'"rooms.tiping"'`, `'"rooms.typing"'`]],
  ['bare', [`'"rooms.join"'`, `'"rooms.list"'`]],
  ['handler', [`Property 'add'`, `'string'`, `'number'`]],
  ['missing', [`Property 'add' is missing`, `Handles<Chat, "sums">`]],
])('a compiler tells what is wrong, and what is allowed: %s', (line, parts) => {
  const text = texts[line] ?? '';
  for (const part of parts) expect(text).toContain(part);
  expect(text).not.toContain('No overload matches');
});
