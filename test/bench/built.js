/** Parts of the built package that are not exported. Typed by their sources: they are checked before they are built. */

/** The files that are loaded here. `npm run build -- --parts` makes them; what they share with the entries is there once. */
export const PARTS = [
  'connection/extensions.js',
  'mdsf/index.js',
  'protocol/format-message.js',
  'protocol/limits.js',
  'protocol/parse-message.js',
  'protocol/splitter.js',
  'server/server.js',
  'transport/node-decoder.js',
];

/** @param {string} file */
function load(file) {
  return import(new URL(`../../dist/${file}`, import.meta.url).href);
}

export const loadMdsf = () =>
  /** @type {Promise<typeof import('../../lib/mdsf/index.js')>} */ (load('mdsf/index.js'));

export const loadServer = () =>
  /** @type {Promise<typeof import('../../lib/server/server.js')>} */ (load('server/server.js'));

export const loadExtensions = () =>
  /** @type {Promise<typeof import('../../lib/connection/extensions.js')>} */ (
    load('connection/extensions.js')
  );

export const loadLimits = () =>
  /** @type {Promise<typeof import('../../lib/protocol/limits.js')>} */ (load('protocol/limits.js'));

export const loadDecoder = () =>
  /** @type {Promise<typeof import('../../lib/transport/node-decoder.js')>} */ (
    load('transport/node-decoder.js')
  );

/** What makes messages of bytes, and texts of messages. */
export async function loadProtocol() {
  const [{ formatCall, formatCallbackOk }, { parseMessage }, { MessageSplitter }] =
    /** @type {[typeof import('../../lib/protocol/format-message.js'), typeof import('../../lib/protocol/parse-message.js'), typeof import('../../lib/protocol/splitter.js')]} */ (
      await Promise.all(
        ['format-message.js', 'parse-message.js', 'splitter.js'].map((file) => load(`protocol/${file}`)),
      )
    );
  return { formatCall, formatCallbackOk, parseMessage, MessageSplitter };
}
