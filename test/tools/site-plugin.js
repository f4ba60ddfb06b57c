/**
 * For typedoc: the navigation of the site follows from the documents. A document is shown by its first heading, in the
 * group of its folder; an entry of the package is shown by the name that is imported.
 */
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

function groupOf(/** @type {string} */ file) {
  const [first = '', second = ''] = path.posix.dirname(file).split('/');
  if (first !== 'docs' || second === '') return GROUPS[first] ?? first;
  return second.charAt(0).toUpperCase() + second.slice(1);
}

function titleOf(/** @type {DocumentReflection} */ { name, content }) {
  const title = /^# (.+)$/m.exec(content.map(({ text }) => text).join(''))?.[1];
  if (!title) throw new Error(`${name} has no heading of the first level`);
  return title.replaceAll('`', '');
}
