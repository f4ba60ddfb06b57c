import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { gzip } from 'node:zlib';
import { promisify } from 'node:util';

const INDEX = 'index.html';

/** The types of the files of the page, by what their names end with. */
const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
};

const compress = promisify(gzip);

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly content: Buffer;
  /** The same, gzipped. */
  readonly gzipped: Buffer;
}

/** The files of the page, each under a name that changes with its content. */
export class PageFiles {
  private constructor(
    /** The text of index.html, which names the files so. */
    readonly index: string,
    private readonly files: ReadonlyMap<string, PageFile>,
  ) {}

  /**
   * Reads the files.
   * @param folder where `npm run build` has put them
   * @throws Error where they are not there
   */
  static async read(folder: URL): Promise<PageFiles> {
    const files = new Map<string, PageFile>();
    let index = await readFile(new URL(INDEX, folder), 'utf8');
    for (const name of (await readdir(folder)).sort()) {
      const [, stem = '', ending = ''] = /^([\w-]+)\.(\w+)$/.exec(name) ?? [];
      if (!Object.hasOwn(TYPES, ending)) continue;
      const content = await readFile(new URL(name, folder));
      const hashed = `${stem}.${hashOf(content)}.${ending}`;
      index = index.replaceAll(`"${name}"`, `"${hashed}"`);
      files.set(hashed, { type: TYPES[ending], content, gzipped: await compress(content) });
    }
    return new PageFiles(index, files);
  }

  /** Returns a file; undefined where there is none of that name. */
  find(name: string): PageFile | undefined {
    return this.files.get(name);
  }
}

function hashOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}
