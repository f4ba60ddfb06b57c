import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { ForwardedHeader } from './proxy-options.js';
import type { TrustedProxies } from './trusted-proxies.js';

/**
 * The address of a client behind proxies: that of the last one in the chain that is no trusted proxy's.
 * Why from the end: the client has written the beginning of the header itself.
 * @param own the address of the socket
 */
export function forwardedAddress(
  own: string | undefined,
  request: IncomingMessage,
  header: ForwardedHeader,
  proxies: TrustedProxies,
): string | undefined {
  const hops = (request.headers[header] ?? '').toString().split(',').reverse();
  let address = own;
  for (const hop of hops) {
    if (!proxies.has(address)) break;
    const next = hostOf(header === 'forwarded' ? forOf(hop) : hop.trim());
    // Why: behind 'unknown' or a made-up name nothing says who has written what.
    if (isIP(next) === 0) break;
    address = next;
  }
  return address;
}

/** The value of `for` in one element of the header Forwarded (RFC 7239). */
function forOf(hop: string): string {
  for (const pair of hop.split(';')) {
    const at = pair.indexOf('=');
    if (pair.slice(0, at).trim().toLowerCase() !== 'for') continue;
    const value = pair.slice(at + 1).trim();
    return value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  }
  return '';
}

/** The address of `192.0.2.1`, `192.0.2.1:1234`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:1234`. */
function hostOf(text: string): string {
  if (text.startsWith('[')) return text.slice(1, Math.max(1, text.indexOf(']')));
  return isIP(text) === 0 ? text.split(':', 1)[0] : text;
}
