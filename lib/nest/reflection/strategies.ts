import { corePolicyOf, type JstpServerOptions } from '../server/jstp-server-options.js';

/**
 * The strategies of handshakes on which no handler has to decide: those that the server lets in, or asks its policy about.
 * @param hasHandshakes whether the server has `@JstpHandshake` handlers
 */
export function strategiesWithoutHandler(
  { authPolicy, allowAnonymous = false }: Pick<JstpServerOptions, 'authPolicy' | 'allowAnonymous'>,
  hasHandshakes: boolean,
): string[] {
  const policy = corePolicyOf(authPolicy);
  const decides = typeof policy === 'object' && policy.decidesAnonymous === true;
  const isGuard = authPolicy != null && policy === undefined;
  const anonymous = allowAnonymous || isGuard || decides || !hasHandshakes;
  return [...(anonymous ? ['anonymous'] : []), ...(authPolicy == null ? [] : ['login'])];
}
