import { WORDS } from './statement.js';

/** The names that a server offers, as far as they are known. */
export interface KnownNames {
  /** The interfaces that the server has told. */
  interfaces(): Promise<readonly string[]>;
  /** The methods of an interface; none where it is not known. */
  methods(interfaceName: string): Promise<readonly string[]>;
}

/** Names that can be typed without quotes. Others are not offered: they might do something to the terminal. */
const PLAIN_NAME = /^[\w$][\w$.:@/-]{0,255}$/;
const MAX_OFFERED = 200;

/**
 * Completes a line of the repl.
 * @returns what the word at its end may become, and that word
 */
export async function complete(
  line: string,
  names: KnownNames,
): Promise<[completions: string[], word: string]> {
  const [, before, word] = /^(.*?)([\w$.:@/-]*)$/s.exec(line) ?? ['', '', ''];
  const head = before.trim();
  const isFirst = head === '';
  // Behind a bracket or a name there are values, which nobody knows.
  if (!isFirst && !/^(call|emit|event|inspect)$/.test(head)) return [[], word];
  const words: string[] = isFirst ? [...WORDS] : [];
  const point = word.lastIndexOf('.');
  const found =
    point > 0 && head !== 'inspect'
      ? (await names.methods(word.slice(0, point))).map(
          (name) => `${word.slice(0, point)}.${name}${isFirst ? '(' : ''}`,
        )
      : [...words, ...(await names.interfaces()).map((name) => (head === 'inspect' ? name : `${name}.`))];
  const fitting = found.filter((name) => name.startsWith(word) && PLAIN_NAME.test(name.replace(/\($/, '')));
  return [fitting.slice(0, MAX_OFFERED), word];
}
