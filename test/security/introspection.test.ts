import { afterEach, describe, expect, test } from '@jest/globals';
import { net, type AuthPolicyFunction, type ServerOptions } from '../../lib/core.js';
import { JstpServer } from '../../lib/index.js';
import { Closing } from '../support/closing.js';
import { within } from '../support/wait-for.js';
import { Arena, guardProcess } from './arena.js';

const closing = new Closing();
guardProcess();
afterEach(() => closing.run());

const ASK = "{inspect:[1,'mark']}";
const TOLD = "{callback:[1],ok:['run','fail','failAsync']}";
const NOT_TOLD = '{callback:[1],error:[12]}';
const ANN = "{handshake:[0,'app'],login:['ann','pw']}";
const NOBODY = "{handshake:[0,'app']}";

const authPolicy: AuthPolicyFunction = (_connection, _application, _strategy, credentials, callback) => {
  callback(null, (credentials as string[])[0]);
};

describe('the names of methods are told', () => {
  test.each<[ServerOptions['introspection'], who: string, handshake: string, answer: string]>([
    [undefined, 'an anonymous client', NOBODY, TOLD],
    ['all', 'an anonymous client', NOBODY, TOLD],
    ['authenticated', 'a user', ANN, TOLD],
    ['authenticated', 'an anonymous client', NOBODY, NOT_TOLD],
    ['none', 'a user', ANN, NOT_TOLD],
    ['none', 'an anonymous client', NOBODY, NOT_TOLD],
  ])('as introspection: %s says, to %s', async (introspection, _who, handshake, answer) => {
    const arena = await Arena.start(closing, { authPolicy, ...(introspection && { introspection }) });
    const peer = await arena.guest(handshake);
    peer.send(ASK, "{inspect:[2,'nothing']}", "{call:[3,'mark'],run:['called']}");
    const [, told, unknown, called] = await peer.received(4);
    expect(told).toBe(answer);
    // Nobody finds out by it whether there is an interface.
    expect(unknown).toBe(NOT_TOLD.replace('1', '2'));
    expect(called).toBe('{callback:[3],ok:[]}');
  });

  test('by a client to its server, whatever the server says of itself', async () => {
    const arena = await Arena.start(closing, { introspection: 'none' });
    const connection = await within(
      net.connect('app', { application: arena.application('own') }, arena.port, '127.0.0.1'),
      'a client',
    );
    closing.add(() => connection.close());
    const [client] = arena.server.getClientsArray();
    const proxy = await within(client.inspectInterface('mark'), 'names');
    expect(Object.keys(proxy)).toContain('run');
  });
});

test.each([
  ['the core’s server', (options: object) => net.createServer({ applications: [], ...options })],
  ['JstpServer', (options: object) => new JstpServer({ ...options })],
])('introspection of %s is one of three words', (_what, create) => {
  expect(() => create({ introspection: 'some' })).toThrow(
    "introspection must be 'all', 'authenticated' or 'none'",
  );
});
