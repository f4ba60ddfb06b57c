import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { authority, serverCertificate } from './certificates.js';
import { answerer, floorClient } from './floor-calls.js';
import { portOf } from './port.js';

/** @import { Contender } from '../types.js' */
/** @import { Message } from './floor-calls.js' */
/** @import { Socket } from 'node:net' */

const host = '127.0.0.1';

/**
 * Messages of JSON text that end with a NUL; one write a tick, no more than what that needs.
 * @param {Socket} socket
 * @param {(message: Message) => void} onMessage
 * @returns {(message: Message) => void} sends a message
 */
function frame(socket, onMessage) {
  /** @type {Buffer[]} */
  let pieces = [];
  let outgoing = '';
  socket.on('error', () => undefined);
  socket.on('data', (/** @type {Buffer} */ chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(0); end !== -1; end = chunk.indexOf(0, start)) {
      let text = chunk.toString('utf8', start, end);
      if (pieces.length > 0) {
        text = Buffer.concat([...pieces, chunk.subarray(start, end)]).toString();
        pieces = [];
      }
      onMessage(JSON.parse(text));
      start = end + 1;
    }
    if (start < chunk.length) pieces.push(start === 0 ? chunk : chunk.subarray(start));
  });
  const flush = () => {
    socket.write(outgoing);
    outgoing = '';
  };
  return (message) => {
    if (outgoing === '') process.nextTick(flush);
    outgoing += JSON.stringify(message) + '\0';
  };
}

/**
 * @param {(onSocket: (socket: Socket) => void) => net.Server} createServer
 * @param {(port: number) => Socket} dial
 * @param {string} connected the event that says that messages can be sent
 * @returns {Contender}
 */
function createContender(createServer, dial, connected) {
  return {
    async startServer({ handlers }) {
      const { answer, received } = answerer(handlers);
      const server = createServer((socket) => {
        socket.setNoDelay(true);
        const send = frame(socket, (message) => answer(message, send));
      });
      server.listen(0, host);
      await once(server, 'listening');
      return { port: portOf(server), received, close: () => server.close() };
    },
    async connect({ handlers }, port) {
      const socket = dial(port);
      await once(socket, connected);
      socket.setNoDelay(true);
      /** @type {(message: Message) => void} */
      let send = () => undefined;
      const { client, onMessage } = floorClient(
        handlers,
        (message) => send(message),
        () => socket.destroy(),
      );
      send = frame(socket, onMessage);
      return client;
    },
  };
}

/** What a call costs at least: NUL-framed JSON on a bare socket. */
export const overNet = createContender(
  (onSocket) => net.createServer(onSocket),
  (port) => net.connect(port, host),
  'connect',
);

export const overTls = createContender(
  (onSocket) => tls.createServer(serverCertificate(), onSocket),
  (port) => tls.connect({ port, host, ...authority() }),
  'secureConnect',
);
