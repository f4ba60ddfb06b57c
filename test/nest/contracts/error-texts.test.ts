import path from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import ts from 'typescript';

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

const HEAD = `import type { Observable } from 'rxjs';
import type { Handles, JstpClient } from '../../../lib/index.js';
interface Chat {
  rooms: {
    methods: { join(room: string): string[]; leave(room: string): void; list(): string[] };
    events: { typing(who: string): void };
    emits: { said(text: string): void };
  };
  sums: { add(a: number, b: number): number };
}
declare const client: JstpClient<Chat>;
`;

const texts: Partial<Record<string, string>> = {};

// Why all in one program: a compiler takes seconds to begin.
beforeAll(() => {
  const file = path.resolve('test/nest/contracts/wrong.ts');
  const text = HEAD + Object.values(LINES).join('\n');
  const { config } = ts.readConfigFile('tsconfig.json', (name) => ts.sys.readFile(name)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, process.cwd());
  options.noUnusedLocals = false;
  options.noUnusedParameters = false;
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => path.resolve(name) === file || fileExists(name);
  host.getSourceFile = (name, language) =>
    path.resolve(name) === file
      ? ts.createSourceFile(name, text, language)
      : getSourceFile.call(host, name, language);
  const program = ts.createProgram([file], options, host);
  const first = HEAD.split('\n').length - 1;
  for (const { file: source, start = 0, messageText } of program.getSemanticDiagnostics(
    program.getSourceFile(file),
  )) {
    const line = source?.getLineAndCharacterOfPosition(start).line ?? 0;
    texts[Object.keys(LINES)[line - first]] = ts.flattenDiagnosticMessageText(messageText, '\n');
  }
}, 120_000);

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
