/**
 * The code blocks of a Markdown text. Only blocks fenced as `ts` or `js` are taken, each as one file; what else the
 * fence's info string says decides what happens to it:
 *
 *     ```ts                          type-checked as a file of its own, with its own imports
 *     ```ts file=chat.controller.ts  the same, under a name that other blocks import ('./chat.controller.js')
 *     ```ts run                      run as well; it must end by itself, with code 0
 *     ```js                          JavaScript: parsed, its imports resolved; CommonJS if it calls require()
 *     ```js run                      run as well
 *
 * A block that is not code to be compiled (a fragment, a signature) is fenced as something else, such as `text`.
 *
 * @typedef {object} Block
 * @property {string} file its file name
 * @property {number} line of its fence in the Markdown text
 * @property {string} code
 * @property {boolean} run
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
  return { file: file ?? `line-${line}.${ending}`, line, code: `${code}\n`, run };
}
