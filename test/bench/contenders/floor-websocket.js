import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';
import { answerer, floorClient } from './floor-calls.js';
import { portOf } from './port.js';

/** @import { Contender } from '../types.js' */
/** @import { Message } from './floor-calls.js' */

const host = '127.0.0.1';

/**
 * @param {WebSocket} socket
 * @param {(message: Message) => void} onMessage
 */
function frame(socket, onMessage) {
  socket.on('error', () => undefined);
  socket.on('message', (/** @type {Buffer} */ data) => onMessage(JSON.parse(data.toString())));
  /** @type {(message: Message) => void} */
  const send = (message) => socket.send(JSON.stringify(message));
  return send;
}

/**
 * What a call over a WebSocket costs at least: JSON on bare `ws`, a frame a message.
 * @type {Contender}
 */
export const floorWebSocket = {
  async startServer({ handlers }) {
    const { answer, received } = answerer(handlers);
    const server = new WebSocketServer({ host, port: 0, perMessageDeflate: false });
    server.on('connection', (socket) => {
      const send = frame(socket, (message) => answer(message, send));
    });
    await once(server, 'listening');
    return { port: portOf(server), received, close: () => server.close() };
  },
  async connect({ handlers }, port) {
    const socket = new WebSocket(`ws://${host}:${port}/`, { perMessageDeflate: false });
    await once(socket, 'open');
    /** @type {(message: Message) => void} */
    let send = () => undefined;
    const { client, onMessage } = floorClient(
      handlers,
      (message) => send(message),
      () => socket.terminate(),
    );
    send = frame(socket, onMessage);
    return client;
  },
};
