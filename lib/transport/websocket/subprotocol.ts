/** The WebSocket subprotocol that both sides must name (docs/protocol.md). */
export const SUBPROTOCOL = 'metarhia-jstp';
