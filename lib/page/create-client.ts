import { PageClient } from './page-client.js';
import { PAGE_ENTRY } from './page-entry.js';
import { resolvePageOptions, type PageClientOptions } from './page-options.js';

/**
 * Makes a client for a page, or wherever there is a global WebSocket. It connects when it is first used, or by `connect`.
 * @typeParam Contract the application's contract, for names and types that the compiler checks. @default anything
 * @throws ConfigurationError that names the option, what was given and what is allowed
 * @example
 * const client = createClient({ url: '/jstp', app: 'chat@^1.0.0', login: { name: 'alice', password: 'wonderland' } });
 * client.fromEvent('rooms', 'said', console.log);
 * await client.call('rooms', 'join', 'kitchen');
 */
export function createClient<Contract = unknown>(options: PageClientOptions): PageClient<Contract> {
  return new PageClient(resolvePageOptions(options), PAGE_ENTRY);
}
