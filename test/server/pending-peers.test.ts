import { afterEach, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import { ServerOnTheWire } from '../support/resume-wire.js';
import { waitFor } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

describe('the time for a handshake', () => {
  test('is over for those who do not shake hands, and for nobody else', async () => {
    const wire = await ServerOnTheWire.start(closing, { limits: { handshakeTimeoutMs: 100 } });
    const late: unknown[] = [];
    wire.server.on('handshakeTimeout', (connection) => late.push(connection));
    const { id, peer } = await wire.login();
    // One who brings a new link to a connection has shaken hands, too, and one who has left is not waited for.
    const heir = await wire.resume(id, 0);
    await heir.received(1);
    const passing = await wire.peer();
    passing.destroy();
    await peer.end();
    const silent = await wire.peer();
    await silent.end();
    expect(late).toHaveLength(1);
    await heir.pong();
  });

  test('ends at the end of the server', async () => {
    const wire = await ServerOnTheWire.start(closing);
    const late: unknown[] = [];
    wire.server.on('handshakeTimeout', (connection) => late.push(connection));
    const arrived: unknown[] = [];
    wire.server.on('connection', (socket) => arrived.push(socket));
    const silent = await wire.peer();
    await waitFor(() => arrived.length === 1, 'the arrival');
    wire.server.closeConnections();
    await silent.end();
    expect(late).toEqual([]);
  });
});
