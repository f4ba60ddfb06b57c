/**
 * The code blocks of a Markdown text. Only blocks fenced as `ts` or `js` are taken, each as one file; what else the
 * fence's info string says decides what happens to it:
 *
 *     ```ts run                      type-checked as a file of its own, with its own imports, and run
 *     ```ts file=chat.controller.ts  type-checked, under a name that those that run import ('./chat.controller.js')
 *     ```js                          JavaScript: parsed, its imports resolved; CommonJS if it calls require()
 *
 * A block that runs ends by itself with code 0, and its outcome is asserted: it prints what the comments beside its
 * `console.log` say, no more and no less, or it asserts (`node:assert`), or it is a test (`node:test`). Every other
 * block is imported by one that runs, or by a program of readme-programs/: one that only compiles is an error.
 * What is not code to be compiled (a fragment, a signature) is fenced as something else, such as `text`.
 *
 * @typedef {object} Block
 * @property {string} file its file name
 * @property {number} line of its fence in the Markdown text
 * @property {string} code
 * @property {boolean} run
 * @property {string[]} prints what it must print, line by line, if it runs
 */

const FENCE = /^```(ts|js)\b(.*)$/;

/**
 * @param {string} markdown
 * @returns {Block[]}
 */
export function readBlocks(markdown) {
  const lines = markdown.split(/\r?\n/);
  /** @type {Block[]} */
  const blocks = [];
  for (let at = 0; at < lines.length; at += 1) {
    const fence = FENCE.exec(lines[at]);
    if (!fence) continue;
    const line = at + 1;
    const end = lines.indexOf('```', line);
    if (end === -1) throw new Error(`line ${line}: the code block has no end`);
    blocks.push(toBlock(fence[1], fence[2], line, lines.slice(line, end).join('\n')));
    at = end;
  }
  const names = blocks.map(({ file }) => file);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two code blocks are named ${twice}`);
  return blocks;
}

/** @type {(language: string, info: string, line: number, code: string) => Block} */
function toBlock(language, info, line, code) {
  let file = null;
  let run = false;
  for (const word of info.trim().split(/\s+/).filter(Boolean)) {
    if (word === 'run') run = true;
    else if (/^file=[\w.-]+\.ts$/.test(word) && language === 'ts') file = word.slice('file='.length);
    else throw new Error(`line ${line}: "${word}" is not known after \`\`\`${language}`);
  }
  const ending = language === 'js' && /\brequire\(/.test(code) ? 'cjs' : language;
  const prints = run ? printsOf(code, line) : [];
  return { file: file ?? `line-${line}.${ending}`, line, code: `${code}\n`, run, prints };
}

/** What the comments beside each `console.log` say. @type {(code: string, line: number) => string[]} */
function printsOf(code, line) {
  const prints = code
    .split('\n')
    .filter((text) => text.includes('console.log('))
    .map((text) => {
      const comment = /;\s*\/\/ (.+)$/.exec(text);
      if (!comment)
        throw new Error(`line ${line}: a console.log of the block does not say what it prints: // ...`);
      return comment[1];
    });
  const isAsserted = prints.length > 0 || /from 'node:(assert\/strict|test)'/.test(code);
  if (!isAsserted) throw new Error(`line ${line}: the block runs, but nothing is asserted of its outcome`);
  return prints;
}

/**
 * The blocks that nothing runs, not even as an import of an import.
 * @param {readonly Block[]} blocks
 * @param {readonly string[]} programs the code of what runs besides
 * @returns {Block[]}
 */
export function unprovenBlocks(blocks, programs) {
  const proven = new Set(blocks.filter(({ run }) => run));
  const codes = [...programs, ...[...proven].map(({ code }) => code)];
  for (let code = codes.pop(); code !== undefined; code = codes.pop()) {
    for (const block of blocks) {
      if (proven.has(block) || !code.includes(`'./${block.file.replace(/ts$/, 'js')}'`)) continue;
      proven.add(block);
      codes.push(block.code);
    }
  }
  return blocks.filter((block) => !proven.has(block));
}
