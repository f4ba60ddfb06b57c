import { afterEach, describe, expect, test } from '@jest/globals';
import { Application, Session, net, ws, type Connection } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { API, dial, startCore } from '../support/core.js';
import { ClientOnTheWire, EXTENSIONS, ServerOnTheWire, yes } from '../support/resume-wire.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

const KIB = 1024;
const TOO_LARGE = { code: 'ERR_JSTP_MESSAGE_TOO_LARGE' };
const large = (kib: number): string => 'x'.repeat(kib * KIB);

function outcomeOf(connection: Connection, method: string, ...args: unknown[]): Promise<unknown> {
  return within(connection.callMethod('echo', method, args), 'an outcome').catch((error: unknown) => error);
}

/** Whether an error is not one of the network. */
function isOurs(error: unknown): boolean {
  return (error as { syscall?: string }).syscall === undefined;
}

describe('the limit of the other side', () => {
  test('is told in the offer, and in the answer to who has told one', async () => {
    const wire = await ServerOnTheWire.start(closing, { limits: { maxMessageBytes: 5000 } });
    const teller = await wire.peer("{handshake:[0,'app','',{resume:1,max:9000}]}");
    expect((await teller.received(1))[0]).toMatch(/^\{handshake:\[0,null,\{resume:1,max:5000\}\],ok:/);
    const old = await wire.peer("{handshake:[0,'app','',{resume:1}]}");
    expect((await old.received(1))[0]).toMatch(/^\{handshake:\[0,null,\{resume:1\}\],ok:/);
    const reference = await wire.peer("{handshake:[0,'app']}");
    expect((await reference.received(1))[0]).toMatch(/^\{handshake:\[0\],ok:/);
    const client = await ClientOnTheWire.start(closing);
    await client.connect(yes('id'), { limits: { maxMessageBytes: 7000 } });
    expect(client.links[0].messages[0]).toContain('max:7000');
  });

  test.each(['', '1000', '{}', '-1', '1.5', '0', 'null', '[]', '1e400'])(
    'told as %p is told, or nothing is: the client is let in',
    async (max) => {
      const wire = await ServerOnTheWire.start(closing);
      const peer = await wire.peer(`{handshake:[0,'app','',{resume:1,max:${max || "'text'"}}]}`);
      expect((await peer.received(1))[0]).toContain(max === '1000' ? 'max:8388608' : '{resume:1}');
    },
  );

  test('fails a call, an event or an answer that is larger, alone, on a new line too', async () => {
    const api = { echo: { ...API['echo'], large: async (_connection: Connection) => large(80) } };
    const { server, port } = await startCore(closing, {
      applications: [new Application('app', api)],
      limits: { maxMessageBytes: 64 * KIB },
    });
    const errors: unknown[] = [];
    server.on('connectionError', (error) => errors.push(error));
    const connection = await dial(closing, port);
    for (let turn = 0; turn < 2; turn++) {
      const error = await outcomeOf(connection, 'back', large(64));
      expect(error).toMatchObject(TOO_LARGE);
      expect(String(error)).toContain('limits.maxMessageBytes of the other side, and each side has one');
      expect(connection.sendEvent('echo', 'note', [large(64)])).toMatchObject(TOO_LARGE);
      expect(await outcomeOf(connection, 'back', large(60))).toHaveLength(60 * KIB);
      (connection.getTransport() as { destroy(): void }).destroy();
      await waitFor(() => !connection.handshakeDone, 'the cut');
      await within(net.reconnect(connection, port, '127.0.0.1'), 'the return');
    }
    const reader = await dial(closing, port, { limits: { maxMessageBytes: 20 * KIB } });
    expect(await outcomeOf(reader, 'back', large(19))).toHaveLength(19 * KIB);
    expect(await outcomeOf(reader, 'large')).toMatchObject({ code: 16 });
    expect(await outcomeOf(reader, 'back', 'still there')).toBe('still there');
    expect(errors.map(String)).toEqual([expect.stringContaining(`more than ${String(20 * KIB)} bytes`)]);
  });

  test('ends a stream whose value is larger, and what else goes on goes on', async () => {
    const wire = await ServerOnTheWire.start(closing);
    const { peer } = await wire.login('{cancel:1,max:30000,resume:1,stream:1}');
    peer.send("{call:[1,'a'],b:[]}", "{call:[2,'a'],b:[]}");
    const [first, second] = [await wire.served.call(1), await wire.served.call(2)];
    const stream = first.openStream();
    stream.write('small');
    expect(() => stream.write(large(32))).toThrow(expect.objectContaining(TOO_LARGE));
    stream.fail('over');
    second.succeed(['fine']);
    const texts = await peer.received(3);
    expect(texts).toEqual([
      "{stream:[1,1],data:['small']}",
      "{callback:[1],error:[1,'over']}",
      "{callback:[2],ok:['fine']}",
    ]);
  });

  test('that is lower after a resume fails what waits, and only that', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'));
    const errors: unknown[] = [];
    connection.on('error', (error) => errors.push(error));
    await wire.cut(connection);
    const outcomes: unknown[] = [];
    const note = (...outcome: unknown[]): unknown => outcomes.push(outcome);
    connection.callMethod('a', 'before', [], note);
    connection.callMethod('a', 'large', [large(32)], note);
    connection.emitRemoteEvent('a', 'large', [large(32)]);
    connection.callMethod('a', 'after', [], note);
    const link = await wire.reconnect(connection, yes(0).replace('stream:1', 'stream:1,max:30000'));
    expect((await link.received(6)).slice(1)).toEqual([
      "{call:[1,'a'],before:[]}",
      '{ping:[2]}',
      '{ping:[3]}',
      "{call:[4,'a'],after:[]}",
      '{ping:[5]}',
    ]);
    link.send('{callback:[1],ok:[1]}', '{pong:[2]}', '{pong:[3]}', '{callback:[4],ok:[4]}', '{pong:[5]}');
    await waitFor(() => outcomes.length === 3, 'the outcomes');
    expect(outcomes).toEqual([[expect.objectContaining(TOO_LARGE)], [null, 1], [null, 4]]);
    expect(errors.filter(isOurs)).toEqual([expect.objectContaining(TOO_LARGE)]);
  });
});

test('a peer that takes no answer at all gets 16 for each after a resume, and that is told once', async () => {
  const wire = await ServerOnTheWire.start(closing);
  const errors: unknown[] = [];
  wire.server.on('connectionError', (error) => errors.push(error));
  const { peer, id } = await wire.login();
  peer.send("{call:[1,'a'],b:[]}", "{call:[2,'a'],b:[]}");
  (await wire.served.call(1)).succeed(['one']);
  (await wire.served.call(2)).succeed(['two']);
  let last = peer;
  for (let turn = 0; turn < 3; turn++) {
    await wire.cut(last);
    last = await wire.resume(id, 0, EXTENSIONS.replace('}', ',max:1}'));
    expect((await last.received(3)).slice(1, 3)).toEqual([
      '{callback:[1],error:[16]}',
      '{callback:[2],error:[16]}',
    ]);
  }
  expect(errors.filter(isOurs)).toEqual([expect.objectContaining(TOO_LARGE)]);
});

test('a peer that takes not even a ping is pinged, and is lost where it does not answer', async () => {
  const wire = await ServerOnTheWire.start(closing, { heartbeatInterval: 50 });
  const { peer } = await wire.login('{stream:1,max:1}');
  expect(await peer.received(1)).toEqual(['{ping:[-1]}']);
  await peer.end();
});

test('a stored text that is no message of this package goes out as it is, though it is larger than the peer takes', async () => {
  const odd = `{ news: '${large(32)}' }`;
  const session = new Session(null, 'ann', 'stored');
  session.binding = { application: 'app', version: undefined, extensions: ['resume'] };
  const state = JSON.parse(session.serialize()) as object;
  const text = JSON.stringify({ ...state, latestBufferedMessageId: -1, buffer: [[1, odd]] });
  const wire = await ServerOnTheWire.start(closing, {
    sessionStorageProvider: { get: () => Session.deserialize('stored', text), set: () => undefined },
  });
  const peer = await wire.resume('stored', 0, '{max:30000,resume:1}');
  expect((await peer.received(2))[1]).toBe(odd);
});

describe('a peer that has told no limit, and cuts its line at a message', () => {
  test.each([
    ['with resume', EXTENSIONS],
    ['of the reference', ''],
  ])('%s: at the second cut the message fails, alone', async (_which, extensions) => {
    const wire = await ClientOnTheWire.start(closing);
    const answer = (ok: string): string =>
      extensions === '' ? `{handshake:[0],ok:${ok}}` : `{handshake:[0,null,${extensions}],ok:${ok}}`;
    const connection = await wire.connect(answer("'one'"));
    const errors: unknown[] = [];
    connection.on('error', (error) => errors.push(error));
    const outcomes: unknown[] = [];
    const note = (...outcome: unknown[]): unknown => outcomes.push(outcome);
    connection.emitRemoteEvent('a', 'early', []);
    connection.callMethod('a', 'large', [large(32)], note);
    connection.callMethod('a', 'late', [], note);
    const isIn = (turn: number): Promise<unknown> =>
      waitFor(
        () => wire.links[turn].messages.some((text) => text.includes(',late:') || text.includes('late:')),
        'all',
      );
    await isIn(0);
    await wire.cut(connection);
    const second = await wire.reconnect(connection, answer('1'));
    await isIn(1);
    expect(second.messages.some((text) => text.length > 32 * KIB)).toBe(true);
    expect(outcomes).toEqual([]);
    await wire.cut(connection);
    const third = await wire.reconnect(connection, answer('1'));
    await isIn(2);
    expect(third.messages.slice(1, 3)).toEqual(['{ping:[2]}', "{call:[3,'a'],late:[]}"]);
    third.send('{pong:[2]}', '{callback:[3],ok:[]}');
    await waitFor(() => outcomes.length === 2, 'the outcomes');
    expect(outcomes).toEqual([[expect.objectContaining(TOO_LARGE)], [null]]);
    expect(String((outcomes[0] as unknown[])[0])).toContain('the other side seems to have a lower limit');
    expect(errors.filter(isOurs)).toEqual([]);
  });

  test('which is an answer: its caller hears 16, the other answers come', async () => {
    const wire = await ServerOnTheWire.start(closing);
    const errors: unknown[] = [];
    wire.server.on('connectionError', (error) => errors.push(error));
    const { peer, id } = await wire.login();
    peer.send("{call:[1,'a'],b:[]}", "{call:[2,'a'],b:[]}");
    (await wire.served.call(1)).succeed([large(32)]);
    (await wire.served.call(2)).succeed(['small']);
    await peer.received(2);
    await wire.cut(peer);
    const second = await wire.resume(id, 0);
    await second.received(3);
    expect(second.messages[1].length).toBeGreaterThan(32 * KIB);
    await wire.cut(second);
    const third = await wire.resume(id, 0);
    expect((await third.received(3)).slice(1, 3)).toEqual([
      '{callback:[1],error:[16]}',
      "{callback:[2],ok:['small']}",
    ]);
    expect(errors.filter(isOurs)).toEqual([expect.objectContaining(TOO_LARGE)]);
  });

  test('a small message, one that was not written before the cut, or one that has arrived, is not suspected', async () => {
    const wire = await ClientOnTheWire.start(closing);
    const connection = await wire.connect(yes('one'));
    connection.emitRemoteEvent('a', 'small', []);
    for (let turn = 0; turn < 4; turn++) {
      await wire.cut(connection);
      if (turn === 3) connection.emitRemoteEvent('a', 'large', [large(32)]);
      const link = await wire.reconnect(connection, yes(0));
      await waitFor(() => link.messages.some((text) => text.includes('small')), 'the small one');
    }
    await waitFor(() => wire.links[4].messages.some((text) => text.length > 32 * KIB), 'the large one');
    // Written twice, but the second line has brought all before it and it as well.
    const { journal } = connection.session ?? {};
    await wire.cut(connection);
    const last = await wire.reconnect(connection, yes(journal?.lastId ?? 0));
    connection.emitRemoteEvent('a', 'large', [large(32)]);
    await waitFor(() => last.messages.some((text) => text.length > 32 * KIB), 'another large one');
    await wire.cut(connection);
    const again = await wire.reconnect(connection, yes((journal?.lastId ?? 0) - 1));
    await waitFor(() => again.messages.some((text) => text.length > 32 * KIB), 'the large one again');
  });
});

test.each(['net', 'ws'] as const)(
  'who gets a message over its limit says which limit it was, and that both sides have one: %s',
  async (name) => {
    const entry = name === 'net' ? net : ws;
    const server = entry.createServer({
      applications: [new Application('app', API)],
      limits: { maxMessageBytes: 64 * KIB },
      extensions: [],
    });
    closing.add(() => {
      server.closeConnections();
      server.close();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const heard: unknown[] = [];
    server.on('connectionError', (error) => heard.push(error));
    const client = { reconnector: () => undefined };
    const connection = await within(
      name === 'net'
        ? net.connect('app', client, port, '127.0.0.1')
        : ws.connect('app', client, {}, `ws://127.0.0.1:${String(port)}`),
      'a connect',
    );
    closing.add(() => connection.close());
    const errors: unknown[] = [];
    connection.on('error', (error) => errors.push(error));
    connection.emitRemoteEvent('echo', 'note', [large(70)]);
    await waitFor(() => heard.length > 0 && !connection.handshakeDone, 'the cut');
    expect(heard).toEqual([expect.objectContaining({ name: 'OversizeError', code: 'ERR_JSTP_PROTOCOL' })]);
    expect(String(heard[0])).toContain(
      `more than ${String(64 * KIB)} bytes: that is limits.maxMessageBytes of this side, and the other side has one, too`,
    );
    // A close frame of a WebSocket says why.
    if (name === 'ws') expect(errors).toEqual([expect.objectContaining(TOO_LARGE)]);
  },
);
