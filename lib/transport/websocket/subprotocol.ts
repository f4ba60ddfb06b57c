/** The WebSocket subprotocol that both sides must name (PROTOCOL.md 1). */
export const SUBPROTOCOL = 'metarhia-jstp';
