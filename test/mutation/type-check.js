import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** What is left over after a change is no error of the change. */
const UNUSED = new Set([6133, 6138, 6192, 6196, 6198, 6199]);

/** Tells whether files of lib still have their types after a change. */
export class TypeCheck {
  /** @type {Map<string, { version: number, text: string | undefined }>} */
  #changed = new Map();
  #service;

  constructor() {
    const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), ts.sys.readFile);
    const { options, fileNames } = ts.parseJsonConfigFileContent(
      { ...config, include: ['lib'] },
      ts.sys,
      ROOT,
    );
    this.#service = ts.createLanguageService({
      getCompilationSettings: () => options,
      getScriptFileNames: () => fileNames,
      getScriptVersion: (file) => String(this.#changed.get(file)?.version ?? 0),
      getScriptSnapshot: (file) => {
        if (!ts.sys.fileExists(file)) return undefined;
        return ts.ScriptSnapshot.fromString(this.#changed.get(file)?.text ?? readFileSync(file, 'utf8'));
      },
      getCurrentDirectory: () => ROOT,
      getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
      readDirectory: ts.sys.readDirectory,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
    });
  }

  /**
   * Whether a file compiles with another text.
   * @param {string} name from the repository's root
   * @param {string} text
   */
  allows(name, text) {
    const file = path.join(ROOT, name);
    this.#set(file, text);
    const errors = [
      ...this.#service.getSyntacticDiagnostics(file),
      ...this.#service.getSemanticDiagnostics(file),
    ].filter(({ category, code }) => category === ts.DiagnosticCategory.Error && !UNUSED.has(code));
    this.#set(file, undefined);
    return errors.length === 0;
  }

  /**
   * @param {string} file
   * @param {string | undefined} text undefined: as it is on the disk
   */
  #set(file, text) {
    const version = (this.#changed.get(file)?.version ?? 0) + 1;
    this.#changed.set(file, { version, text });
  }
}
