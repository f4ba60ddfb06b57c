/**
 * The code blocks of the documents. Only blocks fenced as `ts` or `js` are taken, each as one file; what else the
 * fence's info string says decides what happens to it:
 *
 *     ```ts run                      type-checked as a file of its own, with its own imports, and run
 *     ```ts file=chat.controller.ts  type-checked, under a name that those that run import ('./chat.controller.js')
 *     ```ts run warns                the same, where it is part of the example that Nest logs a warning or an error
 *     ```js                          JavaScript: parsed, its imports resolved; CommonJS if it calls require()
 *
 * All documents have one folder of files between them: a block may import a file that another document shows, and two
 * documents may show the same file as long as they show the same code.
 *
 * A block that runs ends by itself with code 0, and its outcome is asserted: it prints what the comments beside its
 * `console.log` say, no more and no less, or it asserts (`node:assert`), or it is a test (`node:test`). Every other
 * block is imported by one that runs, or by a program of doc-programs/: one that only compiles is an error.
 * What is not code to be compiled (a fragment, a signature) is fenced as something else, such as `text`.
 *
 * @typedef {object} Block
 * @property {string} place its document, and the line of its fence there: 'docs/guides/guards.md:12'
 * @property {string} file its file name
 * @property {string} code
 * @property {boolean} run
 * @property {boolean} warns whether it may log warnings and errors
 * @property {string[]} prints what it must print, line by line, if it runs
 */

const FENCE = /^```(ts|js)\b(.*)$/;

/**
 * The blocks of one document.
 * @param {string} markdown
 * @param {string} document its path: 'docs/guides/guards.md'
 * @returns {Block[]}
 */
export function readBlocks(markdown, document) {
  const lines = markdown.split(/\r?\n/);
  /** @type {Block[]} */
  const blocks = [];
  for (let at = 0; at < lines.length; at += 1) {
    const fence = FENCE.exec(lines[at]);
    if (!fence) continue;
    const line = at + 1;
    const end = lines.indexOf('```', line);
    if (end === -1) throw new Error(`${document}:${line}: the code block has no end`);
    blocks.push(toBlock(fence[1], fence[2], document, line, lines.slice(line, end).join('\n')));
    at = end;
  }
  return blocks;
}

/**
 * The blocks of all documents, with each file once.
 * @param {readonly Block[]} blocks
 * @returns {Block[]}
 * @throws Error for two blocks of one name and different code
 */
export function joinBlocks(blocks) {
  /** @type {Map<string, Block>} */
  const files = new Map();
  for (const block of blocks) {
    const known = files.get(block.file);
    if (known && known.code !== block.code)
      throw new Error(`${block.place}: ${block.file} is another file than in ${known.place}`);
    if (!known) files.set(block.file, block);
  }
  return [...files.values()];
}

/** @type {(language: string, info: string, document: string, line: number, code: string) => Block} */
function toBlock(language, info, document, line, code) {
  const place = `${document}:${line}`;
  let file = null;
  let run = false;
  let warns = false;
  for (const word of info.trim().split(/\s+/).filter(Boolean)) {
    if (word === 'run') run = true;
    else if (word === 'warns') warns = true;
    else if (/^file=[\w.-]+\.ts$/.test(word) && language === 'ts') file = word.slice('file='.length);
    else throw new Error(`${place}: "${word}" is not known after \`\`\`${language}`);
  }
  const ending = language === 'js' && /\brequire\(/.test(code) ? 'cjs' : language;
  const prints = run ? printsOf(code, place) : [];
  const name = document.replace(/\.md$/, '').replace(/\W+/g, '-');
  return { place, file: file ?? `${name}-line-${line}.${ending}`, code: `${code}\n`, run, warns, prints };
}

/** What the comments beside each `console.log` say. @type {(code: string, place: string) => string[]} */
function printsOf(code, place) {
  const prints = code
    .split('\n')
    .filter((text) => text.includes('console.log('))
    .map((text) => {
      const comment = /;\s*\/\/ (.+)$/.exec(text);
      if (!comment)
        throw new Error(`${place}: a console.log of the block does not say what it prints: // ...`);
      return comment[1];
    });
  const isAsserted = prints.length > 0 || /from 'node:(assert\/strict|test)'/.test(code);
  if (!isAsserted) throw new Error(`${place}: the block runs, but nothing is asserted of its outcome`);
  return prints;
}

/**
 * The blocks whose files a program imports, or that those import.
 * @param {string} code
 * @param {readonly Block[]} blocks
 * @returns {Set<Block>}
 */
export function importedBlocks(code, blocks) {
  /** @type {Set<Block>} */
  const found = new Set();
  const codes = [code];
  for (let text = codes.pop(); text !== undefined; text = codes.pop()) {
    for (const block of blocks) {
      if (found.has(block) || !text.includes(`'./${block.file.replace(/ts$/, 'js')}'`)) continue;
      found.add(block);
      codes.push(block.code);
    }
  }
  return found;
}

/**
 * The blocks that nothing runs, not even as an import of an import.
 * @param {readonly Block[]} blocks
 * @param {readonly string[]} programs the code of what runs besides
 * @returns {Block[]}
 */
export function unprovenBlocks(blocks, programs) {
  const running = blocks.filter(({ run }) => run);
  const proven = new Set(running);
  for (const code of [...programs, ...running.map((block) => block.code)])
    for (const block of importedBlocks(code, blocks)) proven.add(block);
  return blocks.filter((block) => !proven.has(block));
}

/**
 * The ports that a program names, and that no other one may have while it runs.
 * @param {string} code
 * @returns {string[]}
 */
export function portsOf(code) {
  const named = code.matchAll(/\b(?:port:\s*|listen\(|:)(\d{4,5})\b/g);
  return [...new Set([...named].map(([, port]) => port))];
}
