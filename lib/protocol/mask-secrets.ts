const SESSION = '[session]';
const CREDENTIALS = '[credentials]';

/**
 * Returns a message with its secrets masked, for logs: the session's id and the credentials of a handshake.
 * Why the id: whoever knows it can resume the session.
 * @param message - a parsed message, which is not changed
 */
export function maskSecrets(message: unknown): unknown {
  if (typeof message !== 'object' || message === null || !Object.hasOwn(message, 'handshake')) return message;
  return Object.fromEntries(Object.entries(message).map(([key, value]) => [key, maskMember(key, value)]));
}

/** Masks the `ok` of a handshake: a session's id, not a count. */
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
