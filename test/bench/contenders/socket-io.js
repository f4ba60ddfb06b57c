import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { EVENT, inTurn, methodNames } from './patterns.js';
import { portOf } from './port.js';

/** @import { Contender } from '../types.js' */

const HOST = '127.0.0.1';
// Its default is 1 MB, of which a message of 1 MiB is beyond.
const MAX_BYTES = 16 * 1024 * 1024;
/** WebSockets from the start, and one connection for each client. */
const OVER_WEBSOCKET = { transports: [/** @type {const} */ ('websocket')], forceNew: true };

/**
 * Socket.IO with acknowledgements. Bytes go as it sends them: a binary frame behind the message.
 * @type {Contender}
 */
export const socketIo = {
  async startServer({ handlers }) {
    let received = 0;
    const server = new Server(0, { ...OVER_WEBSOCKET, maxHttpBufferSize: MAX_BYTES, serveClient: false });
    server.on('connection', (socket) => {
      for (const name of methodNames(handlers)) {
        socket.on(name, (/** @type {unknown} */ payload, /** @type {(result: unknown) => void} */ answer) =>
          answer(payload),
        );
      }
      socket.on(EVENT, () => {
        received += 1;
      });
    });
    return { port: portOf(server.httpServer), received: () => received, close: () => server.close() };
  },
  async connect({ handlers }, port) {
    const socket = io(`http://${HOST}:${port}`, OVER_WEBSOCKET);
    await new Promise((resolve, reject) => {
      socket.once('connect', () => resolve(undefined));
      socket.once('connect_error', reject);
    });
    const method = inTurn(methodNames(handlers));
    return {
      call: (payload, done) =>
        void socket.emit(method(), payload, (/** @type {unknown} */ result) => done(null, result)),
      event: (payload) => void socket.emit(EVENT, payload),
      close: () => socket.close(),
    };
  },
};
