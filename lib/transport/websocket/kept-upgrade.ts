import type { IncomingMessage } from 'node:http';
import type { KeptRequest, UpgradeRequest } from '../../connection/upgrade-request.js';

/** What is kept of an upgrade request, as one text. Why: it takes less than half the memory of Node's objects. */
export class KeptUpgrade implements KeptRequest {
  private readonly text: string;

  constructor({ url = '/', headers }: IncomingMessage) {
    this.text = JSON.stringify([url, headers]);
  }

  read(): UpgradeRequest {
    const [url, sent] = JSON.parse(this.text) as [url: string, headers: Record<string, string | string[]>];
    const headers = withoutPrototype();
    // Of `set-cookie`, which means nothing in a request, Node makes an array.
    for (const [name, value] of Object.entries(sent)) headers[name] = String(value);
    return { url, headers, cookies: parseCookies(headers.cookie) };
  }
}

/** Reads the header `cookie` as browsers write it (RFC 6265, section 4.2). */
function parseCookies(header = ''): Record<string, string | undefined> {
  const cookies = withoutPrototype();
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(at, 0)).trim();
    if (name !== '') cookies[name] ??= decode(pair.slice(at + 1).trim());
  }
  return cookies;
}

function decode(value: string): string {
  const isQuoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
  const text = isQuoted ? value.slice(1, -1) : value;
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function withoutPrototype(): Record<string, string | undefined> {
  return Object.create(null) as Record<string, string | undefined>;
}
