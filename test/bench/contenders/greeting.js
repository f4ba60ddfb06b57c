import { once } from 'node:events';
import net from 'node:net';
import { coreExtensions } from './extensions.js';
import { dialIdle, ignore } from './idle-client.js';
import { portOf } from './port.js';

/** @import { Contender, Settings } from '../types.js' */

const host = '127.0.0.1';

/**
 * Texts as long as those of JSTP's handshake with these extensions, which is what the core says.
 * @param {Settings['resume']} resume
 */
function textsOf(resume) {
  const names = coreExtensions(resume) ?? ['stream', 'cancel', 'resume'];
  const offer = `{${names.map((name) => `${name}:1`).join()}}`;
  return {
    request: `{handshake:[0,'bench','1.0.0',${offer}],anonymous:[]}\0`,
    answer: `{handshake:[0,null,${offer}],ok:'${'0'.repeat(32)}'}\0`,
  };
}

/**
 * A bare socket that reads one request and writes one answer, for what no protocol with a handshake can avoid: two
 * writes and two reads. It knows neither what the texts say nor who has sent them.
 * @type {Contender}
 */
export const greeting = {
  async startServer({ resume }) {
    const { answer } = textsOf(resume);
    /** @this {net.Socket} */
    function greet() {
      this.write(answer);
    }
    const server = net.createServer((accepted) => {
      accepted.setNoDelay(true);
      // The same functions for all sockets.
      accepted.on('error', ignore).on('data', greet);
    });
    server.listen(0, host);
    await once(server, 'listening');
    return { port: portOf(server), received: () => 0, close: () => server.close() };
  },
  async connect({ resume }, port) {
    const { socket, client } = await dialIdle(port, host);
    socket.setNoDelay(true);
    socket.write(textsOf(resume).request);
    await once(socket, 'data');
    return client;
  },
};
