import { EVENT, inTurn, INTERFACE, methodNames } from './patterns.js';

/** @import { BenchClient, Done } from '../types.js' */

/**
 * What a call, an answer or an event says, no less than JSTP says.
 * @typedef {object} Message
 * @property {number} id 0: an event
 * @property {string} [iface]
 * @property {string} [name]
 * @property {unknown[]} [args]
 * @property {unknown} [result]
 */

/** @typedef {(message: Message) => void} Send */

/**
 * The least of a server.
 * @param {number} handlers
 */
export function answerer(handlers) {
  let received = 0;
  const methods = new Map(methodNames(handlers).map((name) => [name, echo]));
  const interfaces = new Map([[INTERFACE, methods]]);
  /** @type {(message: Message, send: Send) => void} */
  const answer = ({ id, iface = '', name = '', args = [] }, send) => {
    if (id === 0) received += 1;
    else send({ id, result: interfaces.get(iface)?.get(name)?.(...args) });
  };
  return { answer, received: () => received };
}

/** @param {unknown[]} args */
function echo(...args) {
  return args[0];
}

/**
 * The least of a client.
 * @param {number} handlers
 * @param {Send} send
 * @param {() => void} close
 */
export function floorClient(handlers, send, close) {
  const name = inTurn(methodNames(handlers));
  /** @type {Map<number, Done>} */
  const calls = new Map();
  let lastId = 0;
  /** @type {BenchClient} */
  const client = {
    call(payload, done) {
      lastId += 1;
      calls.set(lastId, done);
      send({ id: lastId, iface: INTERFACE, name: name(), args: [payload] });
    },
    event: (payload) => send({ id: 0, iface: INTERFACE, name: EVENT, args: [payload] }),
    close,
  };
  /** @type {Send} */
  const onMessage = ({ id, result }) => {
    const done = calls.get(id);
    calls.delete(id);
    done?.(null, result);
  };
  return { client, onMessage };
}
