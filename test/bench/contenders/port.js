/**
 * The port that a server listens on.
 * @param {{ address(): unknown }} server
 */
export function portOf(server) {
  return /** @type {import('node:net').AddressInfo} */ (server.address()).port;
}
