/** Where an application is served, and what else is to be said of it. */
export interface AsyncApiServer {
  /** The address: 'jstp://', 'jstps://', 'ws://' or 'wss://', host and port, and for WebSockets a path. */
  readonly url: string;
  /** What the server is for. @default nothing is said */
  readonly description?: string;
}

const ADDRESS = /^(jstps?|wss?):\/\/([^/?#]+)(\/[^?#]*)?$/;

/**
 * Makes the description of a server.
 * @throws TypeError for an address that is none, or has a user's name or a password in it
 */
export function asyncApiServer(given: string | AsyncApiServer): Record<string, unknown> {
  const { url, description } = typeof given === 'string' ? { url: given, description: undefined } : given;
  const parts = ADDRESS.exec(url);
  if (!parts || parts[2].includes('@'))
    throw new TypeError(
      "The address of a server must be as 'jstps://example.org:3000' or 'wss://example.org/jstp'",
    );
  const [, protocol, host, pathname = '/'] = parts;
  return {
    host,
    protocol,
    ...(pathname !== '/' && { pathname }),
    ...(description !== undefined && { description }),
  };
}
