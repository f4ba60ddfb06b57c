/**
 * For typedoc: the navigation of the site follows from the documents. A document is shown by its first heading, in the
 * group of its folder. Within a group the order is that of the links in docs/README.md.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Converter, MarkdownEvent, RendererEvent } from 'typedoc';

/** @import { Application, DocumentReflection } from 'typedoc' */

/**
 * The first folder of a document's path that is named here says its group; other folders of docs/ are groups themselves.
 * @type {Record<string, string | undefined>}
 */
const GROUPS = { '.': 'Project', sample: 'Examples', test: 'Tests', docs: 'Documents' };

/** Listeners of typedoc's own have the priority 0. */
const BEFORE_TYPEDOC = 100;

/** Called by typedoc. */
export function load(/** @type {Application} */ app) {
  /** @type {Map<DocumentReflection, string>} */
  const titles = new Map();
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => {
    document.frontmatter.group = groupOf(document.name);
    titles.set(document, titleOf(document));
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const list of [project.documents, project.childrenIncludingDocuments])
      list?.sort((a, b) => placeOf(a.name) - placeOf(b.name));
  });
  // Not before the addresses are made: they follow from the documents' paths.
  app.renderer.on(RendererEvent.BEGIN, () => {
    for (const [document, title] of titles) document.name = title;
  });
  // Examples in TSDoc write @ so, as TypeScript takes it for the beginning of a tag; in code it would be shown as it is.
  app.renderer.on(
    MarkdownEvent.PARSE,
    (event) => {
      event.parsedText = event.parsedText.replaceAll('&#64;', '@');
    },
    BEFORE_TYPEDOC,
  );
}

/**
 * @typedef {{ type: string, content: string, children: MarkdownToken[] | null }} MarkdownToken
 * @typedef {{ core: { ruler: { push: (name: string, rule: (state: { tokens: MarkdownToken[] }) => void) => void } } }} Markdown
 */

/**
 * Called by typedoc with its markdown-it. typedoc makes a heading's place of its text alone; as everywhere else, what is
 * written as code in a heading is part of its place, too.
 */
export function loadMarkdown(/** @type {Markdown} */ markdown) {
  markdown.core.ruler.push('code in headings', ({ tokens }) => {
    const headings = tokens.filter((_, index) => tokens[index - 1]?.type === 'heading_open');
    for (const code of headings.flatMap(({ children }) => children ?? [])) {
      if (code.type === 'code_inline')
        code.children = [{ type: 'text', content: code.content, children: null }];
    }
  });
}

function groupOf(/** @type {string} */ file) {
  const [first = '', second = ''] = path.posix.dirname(file).split('/');
  if (first !== 'docs' || second === '') return GROUPS[first] ?? first;
  return second.charAt(0).toUpperCase() + second.slice(1);
}

const index = readFileSync(path.join(import.meta.dirname, '../../docs/README.md'), 'utf8');

/** Where the index of the documents links to a file; those that it does not link come last, in their order. */
function placeOf(/** @type {string} */ name) {
  const place = index.indexOf(`(${path.posix.relative('docs', `${name}.md`)}`);
  return name === 'docs/README' ? -1 : place === -1 ? index.length : place;
}

function titleOf(/** @type {DocumentReflection} */ { name, content }) {
  const title = /^# (.+)$/m.exec(content.map(({ text }) => text).join(''))?.[1];
  if (!title) throw new Error(`${name} has no heading of the first level`);
  return title.replaceAll('`', '');
}
