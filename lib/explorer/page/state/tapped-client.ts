import { connect, reconnect } from '../../../browser.js';
import { listMethods } from '../../../connection/client-control.js';
import { PageClient } from '../../../page/page-client.js';
import { resolvePageOptions, type PageClientOptions } from '../../../page/page-options.js';

/** What hears of the messages of a client. Handshakes come without their credentials, and without the session's id. */
export interface Tap {
  /** A message was sent or received, as an object. */
  message(direction: 'in' | 'out', message: unknown): void;
  /** An event of the server has come. */
  event(interfaceName: string, event: string, args: readonly unknown[]): void;
}

/** The client of the page. */
export type ExplorerClient = Pick<
  PageClient,
  'call' | 'streamWith' | 'emit' | 'on' | 'connect' | 'close' | 'wake' | 'status' | 'retryInMs' | 'connection'
>;

/** Makes a client as `createClient` does, whose messages can be seen from the first handshake on. */
export function createTappedClient(options: PageClientOptions, tap: Tap): ExplorerClient {
  const logger = {
    emit: (name: string, ...args: unknown[]): void => {
      if (name === 'incomingMessage') tap.message('in', args[0]);
      else if (name === 'outgoingMessage') tap.message('out', args[0]);
      else if (name === 'event')
        tap.event(String(args[0]), String(args[1]), Array.isArray(args[2]) ? args[2] : []);
    },
  };
  return new PageClient(resolvePageOptions(options), {
    connect: (app, client, ...args) => connect(app, { ...client, logger }, ...args),
    reconnect,
  });
}

/** The names of an interface's methods. Why not by a proxy: it has no methods of some names. */
export async function inspectMethods(client: ExplorerClient, interfaceName: string): Promise<string[]> {
  const connection = client.connection ?? (await client.connect());
  return new Promise((resolve, reject) => {
    listMethods(connection, interfaceName, (error, methods = []) => {
      if (error) reject(error);
      else resolve(methods);
    });
  });
}
