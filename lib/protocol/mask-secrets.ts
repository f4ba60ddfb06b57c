const SESSION = '[session]';
const CREDENTIALS = '[credentials]';

/**
 * A message as those who log may see it: whoever knows a session's id can resume the session, so neither that
 * nor what a login shows goes into a log.
 * @param message - a parsed message; it is not changed
 */
export function maskSecrets(message: unknown): unknown {
  if (typeof message !== 'object' || message === null || !Object.hasOwn(message, 'handshake')) return message;
  return Object.fromEntries(Object.entries(message).map(([key, value]) => [key, maskMember(key, value)]));
}

/** A handshake's yes as those who log may see it: a count stays, a session's id does not. */
export function maskHandshakeOk(ok: unknown): unknown {
  return typeof ok === 'string' ? SESSION : ok;
}

function maskMember(key: string, value: unknown): unknown {
  switch (key) {
    case 'handshake':
    case 'error':
      return value;
    case 'ok':
      return maskHandshakeOk(value);
    case 'session':
      return Array.isArray(value) ? [SESSION, ...(value as unknown[]).slice(1)] : SESSION;
    default:
      return CREDENTIALS;
  }
}
