import { afterEach, describe, expect, test } from '@jest/globals';
import { Application, type ConnectCallback, type ExtensionName } from '../../lib/core.js';
import { createMemoryEntry } from '../../lib/testing/index.js';
import { Closing } from '../support/closing.js';
import { ClientOnTheWire, ServerOnTheWire } from '../support/resume-wire.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

const extensions: readonly ExtensionName[] = ['bye', 'cancel', 'resume', 'stream'];
const OFFER = '{bye:1,cancel:1,resume:1,stream:1}';
const YES = `{handshake:[0,null,${OFFER}],ok:'one'}`;

describe('a bye', () => {
  test('of a client that has sent nothing else ends its session, and is no error', async () => {
    const wire = await ServerOnTheWire.start(closing, { extensions });
    const errors: unknown[] = [];
    const gone: unknown[] = [];
    wire.server.on('connectionError', (error) => errors.push(error));
    wire.server.on('disconnect', (connection) => gone.push(connection));
    const { peer, id, connection } = await wire.login(OFFER);
    const reasons: unknown[] = [];
    connection.on('bye', (reason) => reasons.push(reason));
    peer.send("{bye:['close']}");
    await peer.end();
    await waitFor(() => gone.length === 1, 'the disconnect');
    expect([gone, reasons, errors, connection.state.name]).toEqual([[connection], ['close'], [], 'closed']);
    const back = await wire.resume(id, 0, OFFER);
    expect((await back.received(1))[0]).toContain('ERR_SESSION_LOST');
  });

  test.each(['close', 'taken'])(
    '%s fails the calls of a client with -1, and ends those that it serves',
    async (reason) => {
      const wire = await ClientOnTheWire.start(closing);
      const connection = await wire.connect(YES, { extensions });
      const reasons: unknown[] = [];
      connection.on('bye', (said) => reasons.push(said));
      const outcomes: unknown[] = [];
      connection.callMethod('a', 'b', [], (error: unknown) => outcomes.push(error));
      const link = await wire.link(0);
      link.send("{call:[-1,'a'],b:[]}");
      const served = await wire.served.call(1);
      link.send(`{bye:['${reason}']}`);
      await waitFor(() => reasons.length > 0, 'the bye');
      await within(link.end(), 'the end of the transport');
      expect([reasons, outcomes]).toEqual([[reason], [-1]]);
      expect([served.isOpen, served.signal.aborted]).toEqual([false, true]);
    },
  );

  test('of a client that has sent nothing else fails the first call, which a listener makes when it sees the bye', async () => {
    const entry = createMemoryEntry();
    const server = entry.createServer({ applications: [new Application('app', {})], extensions });
    server.listen(1);
    closing.add(() => void server.close());
    const call = new Promise((resolve) => {
      const connected: ConnectCallback = (_error, connection) => {
        connection.once('outgoingMessage', () => connection.callMethod('a', 'b', [], resolve));
        connection.close();
      };
      void entry.connect('app', { extensions }, 1, connected);
    });
    expect(await within(call, 'the outcome of the call')).toBe(-1);
  });

  test('moved keeps the calls of a client, and those that it serves, for the next transport, which it dials at once', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(YES, { extensions });
    const outcomes: unknown[] = [];
    connection.callMethod('a', 'b', [], (...outcome: unknown[]) => outcomes.push(outcome));
    const link = await wire.link(0);
    link.send("{call:[-1,'a'],b:[]}");
    const served = await wire.served.call(1);
    link.send("{bye:['moved']}");
    await within(link.end(), 'the end of the transport');
    await waitFor(() => !connection.handshakeDone, 'the end at the client');
    expect([outcomes, served.isOpen]).toEqual([[], true]);
    served.succeed(['kept']);
    const next = await wire.link(1);
    await next.received(1);
    next.send(YES.replace("ok:'one'", 'ok:1'), "{callback:[1],ok:['too']}");
    await waitFor(() => outcomes.length === 1, 'the answer');
    expect(outcomes).toEqual([[null, 'too']]);
    expect(await next.received(2)).toContain("{callback:[-1],ok:['kept']}");
  });
});
