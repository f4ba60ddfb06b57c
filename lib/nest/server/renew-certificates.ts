import type { SecureContextOptions, Server as TlsServer } from 'node:tls';

type Secured = Pick<TlsServer, 'setSecureContext'>;

/**
 * Sets new certificates for those of Node's servers that use TLS.
 * @param raw one server, or an array of several
 * @throws Error where no server uses TLS
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
