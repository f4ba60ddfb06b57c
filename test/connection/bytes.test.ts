import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Application,
  net,
  Session,
  type Connection,
  type IncomingCall,
  type Limits,
  type Reconnector,
} from '../../lib/core.js';
import { createMemoryEntry, cutLine } from '../../lib/testing/index.js';
import { Closing } from '../support/closing.js';
import { API, ALL_EXTENSIONS, dial, startCore, stopCore, type Back } from '../support/core.js';
import { RawPeer } from '../support/raw-peer.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

const KINDS = ['small', 'large'] as const;
const CONTENT = {
  small: Buffer.from([0, 1, 254, 255, 39, 96]),
  large: Buffer.alloc(300_001, 'a text with `backticks` and \0'),
};

class Answers extends Application<Connection> {
  handleCall(call: IncomingCall<Connection>): void {
    if (call.methodName === 'stream') {
      const stream = call.openStream();
      for (const arg of call.args) stream.write({ arg });
      stream.end();
    } else if (call.methodName === 'fail') call.fail([1000, 'failed', call.args[0]]);
    else call.succeed([call.args]);
  }
}

describe('bytes between two sides of this package', () => {
  test.each(KINDS)(
    'arrive as a Buffer in arguments, results, values, errors and events: %s',
    async (kind) => {
      const content = CONTENT[kind];
      const said: unknown[] = [];
      const application = new Answers('app', API, {
        room: { said: (_connection, value) => said.push(value) },
      });
      const { port, server } = await startCore(closing, { applications: [application] });
      const heard: unknown[] = [];
      const side = new Application<Connection>(
        'side',
        {
          side: { take: (_connection: Connection, a: unknown, callback: Back) => callback(null, { a }) },
        },
        { room: { told: (_connection, value) => heard.push(value) } },
      );
      const connection = await dial(closing, port, { application: side });
      const given = { content, list: [new Uint8Array(content), 'x'] };
      const there = { content, list: [content, 'x'] };
      expect(await within(connection.callMethod('any', 'echo', [given, content]), 'a result')).toEqual([
        there,
        content,
      ]);
      const failure: unknown = await within(
        connection.callMethod('any', 'fail', [content]).catch((e: unknown) => e),
        'an error',
      );
      expect(failure).toMatchObject({ code: 1000, info: [content] });
      const values: unknown[] = [];
      await within(
        new Promise<void>((resolve) => {
          connection.startCall('any', 'stream', [content, 'x'], () => resolve(), {
            onItem: (value) => values.push(value),
          });
        }),
        'a stream',
      );
      expect(values).toEqual([{ arg: content }, { arg: 'x' }]);
      connection.emitRemoteEvent('room', 'said', [content]);
      const [client] = server.getClientsArray();
      expect(await within(client.callMethod('side', 'take', [content]), 'a call of the server')).toEqual({
        a: content,
      });
      server.broadcast('room', 'told', content);
      await waitFor(() => said.length + heard.length === 2, 'both events');
      expect([said, heard]).toEqual([[content], [content]]);
    },
  );

  test('arrive over a transport of text alone', async () => {
    const memory = createMemoryEntry();
    const server = memory.createServer({ applications: [new Answers('app', {})] }).listen(1);
    closing.add(() => void server.close());
    const connection = await memory.connect('app', null, 1);
    closing.add(() => connection.close());
    const result = await connection.callMethod('any', 'echo', [CONTENT.large]);
    expect(result).toEqual([CONTENT.large]);
    expect(Buffer.isBuffer((result as unknown[])[0])).toBe(true);
  });

  test('show as bytes to listeners of the log', async () => {
    const { port, server } = await startCore(closing, { applications: [new Answers('app', {})] });
    const connection = await dial(closing, port);
    const logged: unknown[] = [];
    for (const event of ['incomingMessage', 'outgoingMessage'] as const) {
      connection.on(event, (message) => logged.push(message));
      server.getClientsArray()[0]?.on(event, (message) => logged.push(message));
    }
    await within(connection.callMethod('any', 'echo', [CONTENT.small]), 'a result');
    const call = { call: [1, 'any'], echo: [CONTENT.small] };
    const callback = { callback: [1], ok: [[CONTENT.small]] };
    expect(logged).toEqual([call, call, callback, callback]);
  });

  test('cannot be metadata, of a call or of an answer', async () => {
    const { port } = await startCore(closing, { applications: [new Answers('app', {})] });
    const connection = await dial(closing, port);
    const metadata = { key: CONTENT.small };
    const refused = await new Promise<unknown>((resolve) => {
      connection.startCall('any', 'echo', [], resolve, { metadata });
    });
    expect(refused).toMatchObject({ code: 'ERR_MDSF_BYTES' });
    expect(connection.sendEvent('a', 'b', [], metadata)).toMatchObject({ code: 'ERR_MDSF_BYTES' });
    expect(await within(connection.callMethod('any', 'echo', [1]), 'a result')).toEqual([1]);
  });
});

describe('a side that has not agreed on bytes', () => {
  test('gets a string of base64, as of the reference', async () => {
    const extensions = ALL_EXTENSIONS.filter((name) => name !== 'bytes');
    const { port } = await startCore(closing, { applications: [new Answers('app', {})], extensions });
    const connection = await dial(closing, port, { extensions: ALL_EXTENSIONS });
    expect(connection.extensions.bytes).toBe(false);
    const base64 = CONTENT.small.toString('base64');
    expect(
      await within(connection.callMethod('any', 'echo', [CONTENT.small, { a: CONTENT.small }]), 'a result'),
    ).toEqual([base64, { a: base64 }]);
  });
});

describe('a server loses the transport of a peer', () => {
  const agreed = "{handshake:[0,'app','',{resume:1,bytes:1}]}";
  test.each([
    ['that sends bytes without an agreement', "{handshake:[0,'app']}", "{call:[1,'any'],echo:[`QQ==`]}"],
    ['that sends bytes in its handshake', '', "{handshake:[0,'app'],login:[`QQ==`]}"],
    ['that sends them with the offer', '', "{handshake:[0,'app','',{bytes:1}],login:[`QQ==`]}"],
    ['with bytes in a header', agreed, "{call:[1,'any',{a:`QQ==`}],echo:[]}"],
    ['with bytes for a header', agreed, '{event:`QQ==`,said:[]}'],
    ['with bytes for a name', agreed, '{call:[1,`QQ==`],echo:[]}'],
    ['with bytes that are no base64', agreed, "{call:[1,'any'],echo:[`QQ=`]}"],
    ['with bytes without an end', agreed, "{call:[1,'any'],echo:[`QQ==]}"],
    ['with bytes for the results', agreed, '{callback:[-1],ok:`QQ==`}'],
  ])('%s', async (_what, first, then) => {
    const { port } = await startCore(closing, { applications: [new Answers('app', {})] });
    const peer = await RawPeer.connect(port);
    closing.add(() => peer.destroy());
    peer.send(...[first, then].filter((text) => text !== ''));
    await peer.end();
  });

  test('of more of them than it takes values, and of no less', async () => {
    const limits: Partial<Limits> = { maxMessageNodes: 100 };
    const { port } = await startCore(closing, { applications: [new Answers('app', {})], limits });
    const connection = await dial(closing, port);
    const few = new Array(23).fill(Buffer.alloc(0));
    expect(await within(connection.callMethod('any', 'echo', few), 'a result')).toEqual(few);
    const lost = new Promise<void>((resolve) => connection.once('close', () => resolve()));
    connection.emitRemoteEvent('a', 'b', new Array(25).fill(Buffer.alloc(0)));
    await within(lost, 'the end of the transport');
  });
});

describe('a session with bytes under way', () => {
  const entry = createMemoryEntry();

  test('brings them after a cut, once, both ways', async () => {
    let answer: Back = () => undefined;
    const api = { slow: { wait: (_connection: Connection, callback: Back) => (answer = callback) } };
    const said: unknown[] = [];
    const application = new Application('app', api, {
      room: { said: (_connection, value) => said.push(value) },
    });
    const server = entry.createServer({ applications: [application] }).listen(0);
    closing.add(() => void server.close());
    const { port } = server.address() as { port: number };
    const connection = await entry.connect('app', { reconnector: () => undefined }, port);
    closing.add(() => connection.close());
    const waited = connection.callMethod('slow', 'wait', []);
    await within(connection.ping(), 'a pong');
    cutLine(connection);
    await waitFor(() => server.getClientsArray().length === 0, 'the cut');
    answer(null, { content: CONTENT.large });
    connection.emitRemoteEvent('room', 'said', [CONTENT.large]);
    await within(entry.reconnect(connection, port), 'the resume');
    expect(await within(waited, 'the answer')).toEqual({ content: CONTENT.large });
    await waitFor(() => said.length > 0, 'the event');
    expect(said).toEqual([CONTENT.large]);
  });

  test('is stored with them, and comes back with them', () => {
    const session = new Session<Connection>(null, 'ann');
    const text = `{callback:[1],ok:[\`${CONTENT.large.toString('base64')}\`]}`;
    session.journal.appendUnnumbered(text);
    const restored = Session.deserialize(session.id, session.serialize());
    expect(restored.journal.at(restored.journal.start).message === text).toBe(true);
  });

  test('is lost to a server that takes none: what was never sent goes as text', async () => {
    const { server, port } = await startCore(closing);
    const reconnector: Reconnector = (_connection, reconnectFn) => {
      setTimeout(() => reconnectFn(() => undefined), 1);
    };
    const connection = await dial(closing, port, { reconnector });
    expect(connection.extensions.bytes).toBe(true);
    await stopCore(server);
    await waitFor(() => !connection.handshakeDone, 'the cut');
    const offline = connection.callMethod('echo', 'back', [{ content: CONTENT.small, text: '`' }]);
    const heir = net.createServer({
      applications: [new Application<Connection>('app', API)],
      extensions: ['stream', 'cancel', 'resume'],
    });
    closing.add(() => stopCore(heir));
    heir.listen(port, '127.0.0.1');
    const expected = { content: CONTENT.small.toString('base64'), text: '`' };
    expect(await within(offline, 'the call made offline')).toEqual(expected);
    expect(connection.extensions.bytes).toBe(false);
  });
});
