import { OptionDefaults } from 'typedoc';
import { loadMarkdown } from './test/tools/site-plugin.js';

/** `npm run docs:build`: a static site of all documents and of the API reference, in site/. */

/** @type {Partial<import('typedoc').TypeDocOptions>} */
const config = {
  out: 'site',
  name: 'nestjs-jstp',
  includeVersion: true,
  plugin: ['./test/tools/site-plugin.js'],

  readme: 'README.md',
  projectDocuments: [
    'docs/**/*.md',
    'sample/**/README.md',
    'test/{README,*/README}.md',
    '{CHANGELOG,CONTRIBUTING,CODE_OF_CONDUCT,RELEASING,SECURITY}.md',
  ],
  searchInDocuments: true,
  markdownItLoader: loadMarkdown,

  // The first entry that exports a name has its page: what all applications share is the core's.
  entryPoints: [
    'lib/core.ts',
    'lib/index.ts',
    'lib/client.ts',
    'lib/browser.ts',
    'lib/testing/index.ts',
    'lib/redis/index.ts',
    'lib/plugin/index.ts',
    'lib/opentelemetry/index.ts',
    'lib/metrics/index.ts',
    'lib/terminus/index.ts',
    'lib/explorer/index.ts',
  ],
  tsconfig: 'tsconfig.build.json',
  // `npm run typecheck` has done it.
  skipErrorChecking: true,
  excludeExternals: true,
  excludeInternal: true,
  disableSources: true,
  useFirstParagraphOfCommentAsSummary: true,
  groupReferencesByType: true,
  sort: ['kind', 'alphabetical-ignoring-documents'],

  // A page's address follows from where its document or its declaration is, not from its title.
  router: 'structure',
  navigation: { includeGroups: true },
  groupOrder: ['Documents', 'Guides', 'Migration', 'Reference', 'Modules', 'Examples', 'Decisions', '*'],
  highlightLanguages: [...OptionDefaults.highlightLanguages, 'diff'],
  ignoredHighlightLanguages: ['wire', 'mdsf', 'text'],
  headings: { readme: false, document: false },
  customCss: 'test/tools/site.css',

  // A link that leads nowhere is an error.
  treatWarningsAsErrors: true,
  validation: { invalidLink: true, invalidPath: true, notExported: false, rewrittenLink: true },
};

export default config;
