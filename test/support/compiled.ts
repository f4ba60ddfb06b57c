import path from 'node:path';
import ts from 'typescript';

/** An error of the compiler. */
export interface Complaint {
  /** The line in its file, from 0. */
  readonly line: number;
  readonly text: string;
}

/**
 * Compiles a file that is not there, with the settings of this repository, and checks its types.
 * @param file where it would be
 * @param options compiler options that differ
 */
export function complaintsAbout(file: string, text: string, options: ts.CompilerOptions = {}): Complaint[] {
  const { config } = ts.readConfigFile('tsconfig.json', (name) => ts.sys.readFile(name)) as {
    config: object;
  };
  const parsed = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, process.cwd());
  const settings = { ...parsed.options, noUnusedLocals: false, noUnusedParameters: false, ...options };
  const host = ts.createCompilerHost(settings);
  const whole = path.resolve(file);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => path.resolve(name) === whole || fileExists(name);
  host.getSourceFile = (name, language) =>
    path.resolve(name) === whole
      ? ts.createSourceFile(name, text, language)
      : getSourceFile.call(host, name, language);
  const program = ts.createProgram([whole], settings, host);
  const source = program.getSourceFile(whole);
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
    (found) => ({
      line: found.file?.getLineAndCharacterOfPosition(found.start ?? 0).line ?? 0,
      text: ts.flattenDiagnosticMessageText(found.messageText, '\n'),
    }),
  );
}

/** The kinds of a file's statements: `InterfaceDeclaration`... */
export function statementsOf(text: string): string[] {
  const { statements } = ts.createSourceFile('a.ts', text, ts.ScriptTarget.ESNext);
  return statements.map(({ kind }) => ts.SyntaxKind[kind]);
}
