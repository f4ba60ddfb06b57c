import { once } from 'node:events';
import net from 'node:net';
import { portOf } from './port.js';

/** @import { Contender } from '../types.js' */
/** @import { Socket } from 'node:net' */

const HOST = '127.0.0.1';
const COLON = 58;

/**
 * Messages of a length, a number and raw bytes. Each is copied when it is sent, as one that may have to be sent again.
 * @param {Socket} socket
 * @param {(id: number, bytes: Buffer) => void} onMessage
 * @returns {(id: number, bytes: Buffer) => void} sends a message
 */
function frame(socket, onMessage) {
  /** @type {Buffer | undefined} */
  let message;
  let filled = 0;
  let id = 0;
  let head = '';
  /** @param {Buffer} chunk @returns {Buffer} what follows the head, or nothing where it is not complete */
  const readHead = (chunk) => {
    const end = chunk.indexOf(COLON);
    head += chunk.toString('latin1', 0, end === -1 ? chunk.length : end);
    if (end === -1) return chunk.subarray(chunk.length);
    const [size, number] = head.split(',').map(Number);
    head = '';
    id = number;
    filled = 0;
    message = Buffer.allocUnsafeSlow(size);
    return chunk.subarray(end + 1);
  };
  socket.on('error', () => undefined);
  socket.on('data', (/** @type {Buffer} */ chunk) => {
    for (let rest = chunk; rest.length > 0;) {
      if (!message) {
        rest = readHead(rest);
        continue;
      }
      const piece = rest.subarray(0, message.length - filled);
      message.set(piece, filled);
      filled += piece.length;
      rest = rest.subarray(piece.length);
      if (filled < message.length) continue;
      const whole = message;
      message = undefined;
      onMessage(id, whole);
    }
  });
  return (number, bytes) => {
    socket.cork();
    socket.write(`${bytes.length},${number}:`);
    socket.write(Buffer.allocUnsafeSlow(bytes.length).fill(bytes));
    process.nextTick(() => socket.uncork());
  };
}

/**
 * What bytes cost at least: raw on a bare socket, behind their length.
 * @type {Contender}
 */
export const floorBytes = {
  async startServer() {
    /** @type {Set<Socket>} */
    const sockets = new Set();
    const server = net.createServer((socket) => {
      sockets.add(socket.setNoDelay(true));
      const send = frame(socket, (id, bytes) => send(id, bytes));
    });
    server.listen(0, HOST);
    await once(server, 'listening');
    const close = () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    };
    return { port: portOf(server), received: () => 0, close };
  },
  async connect(_settings, port) {
    const socket = net.connect(port, HOST).setNoDelay(true);
    await once(socket, 'connect');
    /** @type {Map<number, (bytes: Buffer) => void>} */
    const waiting = new Map();
    let last = 0;
    const send = frame(socket, (id, bytes) => {
      const done = waiting.get(id);
      waiting.delete(id);
      done?.(bytes);
    });
    return {
      call(payload, done) {
        last += 1;
        waiting.set(last, (bytes) => done(null, bytes));
        send(last, /** @type {Buffer} */ (payload));
      },
      event: () => {
        throw new Error('The floor of bytes has no events');
      },
      close: () => socket.destroy(),
    };
  },
};
