const TOKEN =
  /\/\*[\s\S]*?\*\/|\/\/[^\n\r]*|'(?:\\[\s\S]|[^'\\])*'|"(?:\\[\s\S]|[^"\\])*"|[A-Za-z_$][\w$]*|[+\-.\d][\w.+-]*|\s+|[\s\S]/g;

/** Cuts a text of MDSF into its parts: strings, words, numbers, comments, blanks and single characters. Together they are the text. */
export function tokensOf(text: string): string[] {
  return text.match(TOKEN) ?? [];
}

export function isComment(token: string): boolean {
  return token.length > 1 && token.startsWith('/');
}

export function isBlank(token: string): boolean {
  return /^\s+$/.test(token);
}

/** The index behind the value that begins at an index: behind the closing bracket, where it opens one. */
export function endOfValue(tokens: readonly string[], from: number): number {
  let depth = 0;
  for (let i = from; i < tokens.length; i++) {
    if (tokens[i] === '[' || tokens[i] === '{') depth += 1;
    else if (tokens[i] === ']' || tokens[i] === '}') depth -= 1;
    if (depth <= 0) return i + 1;
  }
  return tokens.length;
}
