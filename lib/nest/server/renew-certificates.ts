import type { SecureContextOptions, Server as TlsServer } from 'node:tls';

type Secured = Pick<TlsServer, 'setSecureContext'>;

/**
 * Gives new certificates to those of Node's servers that are on TLS.
 * @param raw one server, or the array of several
 * @throws Error where there is none
 */
export function renewCertificates(raw: unknown, options: SecureContextOptions): void {
  const servers: unknown[] = Array.isArray(raw) ? raw : [raw];
  const secured = servers.filter(isSecured);
  if (secured.length === 0) throw new Error('The JSTP server does not listen on TLS');
  for (const server of secured) server.setSecureContext(options);
}

function isSecured(server: unknown): server is Secured {
  return typeof (server as Partial<Secured>).setSecureContext === 'function';
}
