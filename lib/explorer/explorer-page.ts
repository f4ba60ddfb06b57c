import { isRelative } from './listener-url.js';
import { SETTINGS_META, type ExplorerSettings } from './explorer-settings.js';

/** What is the same in the answers for the page and for its files. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
});

/** Nothing that is not named is allowed; the page has no inline script or style. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];

/** Returns the headers of the page. */
export function pageHeaders({ url }: ExplorerSettings): Record<string, string> {
  return {
    ...COMMON_HEADERS,
    'content-type': 'text/html; charset=utf-8',
    // It has the settings in it, and names the files by their contents.
    'cache-control': 'no-store',
    'content-security-policy': [...POLICY, `connect-src ${sourceOf(url)}`].join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'x-frame-options': 'DENY',
  };
}

/** Returns the text of the page. @param index that of index.html, as it was built */
export function pageText(index: string, settings: ExplorerSettings): string {
  const meta = `<meta name="${SETTINGS_META}" content="${escapeAttribute(JSON.stringify(settings))}" />`;
  // A function, as `$` means something in a text.
  return index.replace('</head>', () => `${meta}\n  </head>`);
}

/** Returns the origin that the page may connect to. */
function sourceOf(url: string | null): string {
  if (url === null) return "'none'";
  return isRelative(url) ? "'self'" : new URL(url).origin;
}

function escapeAttribute(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
