import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import * as jstp from '../../lib/core.js';
import { Application, Session, type Connection, type IncomingCall, type JstpStream } from '../../lib/core.js';
import { AttachedMessage, textOf } from '../../lib/protocol/attached-message.js';
import { formatCallbackOk } from '../../lib/protocol/format-message.js';
import { createMemoryEntry } from '../../lib/testing/index.js';
import { SocketTransport } from '../../lib/transport/socket/socket-transport.js';
import { Closing } from '../support/closing.js';
import { ALL_EXTENSIONS, API, dial, startCore, stopCore, type Back } from '../support/core.js';
import type { JstpModule } from '../support/jstp.js';
import { OTHER_TRANSPORTS, over } from '../support/over.js';
import { RawPeer } from '../support/raw-peer.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(async () => {
  jest.restoreAllMocks();
  await closing.run();
});

const WITHOUT = ALL_EXTENSIONS.filter((name) => name !== 'attachments');
const SIZES = [1, 4095, 4096, 65_536, 140_001];

function bytesOf(size: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, index) => index * 31 + size));
}

class Answers extends Application<Connection> {
  handleCall(call: IncomingCall<Connection>): void {
    call.succeed([call.args]);
  }
}

/** Transfers all bytes that are its arguments, one after the other, and answers with their sizes. */
class Transferring extends Application<Connection> {
  handleCall(call: IncomingCall<Connection>): void {
    call.succeed([call.args.map((value) => (Buffer.isBuffer(value) ? transferred(value).length : value))]);
  }
}

function transferred(bytes: Buffer): Uint8Array {
  return structuredClone(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), {
    transfer: [bytes.buffer as ArrayBuffer],
  });
}

/** Answers a call with the values of the stream that is its argument. */
class Streams extends Application<Connection> {
  handleCall(call: IncomingCall<Connection>): void {
    const stream = call.openStream();
    void (async () => {
      for await (const value of call.args[0] as JstpStream) stream.write(value);
      stream.end();
    })();
  }
}

/** What the sockets of this process send as attachments from now on. */
function attachedMessages(): AttachedMessage[] {
  const sent: AttachedMessage[] = [];
  const { sendAttached } = SocketTransport.prototype;
  jest.spyOn(SocketTransport.prototype, 'sendAttached').mockImplementation(function (
    this: SocketTransport,
    message,
  ) {
    sent.push(message);
    sendAttached.call(this, message);
  });
  return sent;
}

/** A message as a hostile peer writes it. */
function written(text: string, bytes: Buffer | string, textBytes = text.length, size = bytes.length): Buffer {
  const header = Buffer.alloc(9);
  header[0] = 1;
  header.writeUInt32BE(textBytes, 1);
  header.writeUInt32BE(size, 5);
  return Buffer.concat([header, Buffer.from(text), Buffer.from(bytes)]);
}

describe('large bytes', () => {
  test.each(['net', ...OTHER_TRANSPORTS] as const)('cross %s as they are, both ways', async (name) => {
    const { net } =
      name === 'net' ? jstp : (over(jstp as unknown as JstpModule, name) as unknown as typeof jstp);
    const server = net.createServer({ applications: [new Answers('app', {})] });
    closing.add(() => stopCore(server));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const connection = await within(net.connect('app', null, port, '127.0.0.1'), 'a connect');
    closing.add(() => connection.close());
    expect(connection.extensions.attachments).toBe(true);
    for (const size of SIZES) {
      const given = { a: bytesOf(size), text: '`:5`', b: [new Float64Array([1, 2]), bytesOf(4097)] };
      const there = { ...given, b: [Buffer.from(new Float64Array([1, 2]).buffer), bytesOf(4097)] };
      const result = await within(connection.callMethod('any', 'echo', [given]), 'a result');
      expect(result).toEqual([there]);
      expect(Buffer.isBuffer((result as [{ a: unknown }])[0].a)).toBe(true);
    }
  });

  test('leave the text as they were when they were sent, whatever their memory becomes', async () => {
    const sent = attachedMessages();
    const { port } = await startCore(closing, { applications: [new Answers('app', {})] });
    const connection = await dial(closing, port);
    const content = bytesOf(70_000);
    const result = connection.callMethod('any', 'echo', [content]);
    content.fill(0);
    expect(await within(result, 'a result')).toEqual([bytesOf(70_000)]);
    expect(sent.map(({ text }) => text)).toEqual([
      "{call:[1,'any'],echo:[`:70000`]}",
      '{callback:[1],ok:[[`:70000`]]}',
    ]);
  });

  test('share their memory with nothing else where they are kept', async () => {
    const { port } = await startCore(closing, { applications: [new Answers('app', {})] });
    const connection = await dial(closing, port);
    const result = await within(
      connection.callMethod('any', 'echo', [bytesOf(4096), bytesOf(50_000)]),
      'bytes',
    );
    for (const bytes of (result as Buffer[]).flat())
      expect(bytes.buffer.byteLength).toBeLessThanOrEqual(2 * 65_536);
    expect((result as Buffer[])[0].buffer.byteLength).toBeLessThanOrEqual(2 * 8192);
  });

  test.each(['net', 'tls', 'ws', 'wss'] as const)(
    'that a program transfers to a worker take nothing else of %s with them',
    async (name) => {
      const { net } =
        name === 'net' ? jstp : (over(jstp as unknown as JstpModule, name) as unknown as typeof jstp);
      const server = net.createServer({ applications: [new Transferring('app', {})] });
      closing.add(() => stopCore(server));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number };
      const connection = await within(net.connect('app', null, port, '127.0.0.1'), 'a connect');
      closing.add(() => connection.close());
      // As many as it takes for some to be within one piece of what arrives, with others behind them; and larger ones.
      const sizeOf = (index: number): number => (index % 4 === 3 ? 250_000 : 34_000) + index;
      const results = Array.from({ length: 24 }, (_, index) => {
        const args = [bytesOf(sizeOf(index)), index, bytesOf(sizeOf(index))];
        return connection.callMethod('any', 'take', index % 2 === 0 ? args.slice(0, 2) : args);
      });
      const expected = Array.from({ length: 24 }, (_, index) =>
        index % 2 === 0 ? [sizeOf(index), index] : [sizeOf(index), index, sizeOf(index)],
      );
      expect(await within(Promise.all(results), 'the answers')).toEqual(expected);
    },
  );

  test('go as text to a side that has not agreed on attachments', async () => {
    const sent = attachedMessages();
    const { port } = await startCore(closing, {
      applications: [new Answers('app', {})],
      extensions: WITHOUT,
    });
    const connection = await dial(closing, port);
    expect(connection.extensions).toMatchObject({ bytes: true, attachments: false });
    expect(await within(connection.callMethod('any', 'echo', [bytesOf(70_000), '`:3`']), 'bytes')).toEqual([
      bytesOf(70_000),
      '`:3`',
    ]);
    expect(sent).toEqual([]);
  });

  test('are agreed on only together with bytes', async () => {
    const extensions = ALL_EXTENSIONS.filter((name) => name !== 'bytes');
    const { port } = await startCore(closing, { applications: [new Answers('app', {})], extensions });
    const connection = await dial(closing, port);
    expect(connection.extensions).toMatchObject({ bytes: false, attachments: false });
    const base64 = bytesOf(5000).toString('base64');
    expect(await within(connection.callMethod('any', 'echo', [bytesOf(5000)]), 'text')).toEqual([base64]);
  });

  test('of a stream go as they are, as an argument and as a result', async () => {
    const sent = attachedMessages();
    const { port } = await startCore(closing, { applications: [new Streams('app', {})] });
    const connection = await dial(closing, port);
    const chunks = [bytesOf(65_536), bytesOf(65_535), bytesOf(10)];
    const values: unknown[] = [];
    await within(
      new Promise<void>((resolve, reject) => {
        connection.startCall(
          'files',
          'send',
          [Readable.from(chunks)],
          (error) => (error ? reject(error) : resolve()),
          { onItem: (value) => values.push(value) },
        );
      }),
      'a stream',
    );
    expect(values).toEqual(chunks);
    expect(sent.map(({ text }) => text.replace(/\[.*\],/, ''))).toEqual(
      expect.arrayContaining(['{source:data:[`:65536`]}', '{stream:data:[`:65535`]}']),
    );
  });

  test('of an event for many are written once, and go to each as that takes them', async () => {
    const sent = attachedMessages();
    const { port, server } = await startCore(closing);
    const heard: unknown[] = [];
    const room = { room: { told: (_connection: Connection, value: unknown) => heard.push(value) } };
    for (const extensions of [ALL_EXTENSIONS, ALL_EXTENSIONS, WITHOUT, ['resume'] as const])
      await dial(closing, port, { application: new Application<Connection>('side', {}, room), extensions });
    server.broadcast('room', 'told', bytesOf(9000));
    await waitFor(() => heard.length === 4, 'the events');
    const text = bytesOf(9000).toString('base64');
    const { toString } = Object.prototype;
    expect(heard.filter((value) => value === text)).toHaveLength(1);
    expect(heard.filter((value) => toString.call(value) === '[object Uint8Array]')).toEqual([
      bytesOf(9000),
      bytesOf(9000),
      bytesOf(9000),
    ]);
    expect(sent).toHaveLength(2);
    expect(sent[0].bytes).toBe(sent[1].bytes);
  });

  test('show as bytes to listeners of the log', async () => {
    const { port, server } = await startCore(closing, { applications: [new Answers('app', {})] });
    const connection = await dial(closing, port);
    const logged: unknown[] = [];
    for (const event of ['incomingMessage', 'outgoingMessage'] as const) {
      connection.on(event, (message) => logged.push(message));
      server.getClientsArray()[0]?.on(event, (message) => logged.push(message));
    }
    await within(connection.callMethod('any', 'echo', [bytesOf(5000)]), 'a result');
    const call = { call: [1, 'any'], echo: [bytesOf(5000)] };
    const callback = { callback: [1], ok: [[bytesOf(5000)]] };
    expect(logged).toEqual([call, call, callback, callback]);
  });
});

describe('a size limit', () => {
  const max = 6000;
  test.each([
    ['raw', ALL_EXTENSIONS, 5900, 6100],
    ['base64', WITHOUT, 4400, 4600],
  ] as const)('counts bytes as they go, %s', async (_form, extensions, fits, exceeds) => {
    const { port } = await startCore(closing, {
      applications: [new Answers('app', {})],
      limits: { maxMessageBytes: max },
      extensions,
    });
    const connection = await dial(closing, port);
    expect(await within(connection.callMethod('any', 'echo', [bytesOf(fits)]), 'bytes')).toEqual([
      bytesOf(fits),
    ]);
    await expect(connection.callMethod('any', 'echo', [bytesOf(exceeds)])).rejects.toMatchObject({
      code: 'ERR_JSTP_MESSAGE_TOO_LARGE',
    });
  });

  test('of a journal counts the bytes', () => {
    const session = new Session<Connection>(null, 'ann');
    session.journal.append(formatCallbackOk(1, [bytesOf(5000)], 256, undefined, true));
    const { textLength } = session.journal;
    expect(textLength).toBe(9 + '{callback:[1],ok:[`:5000`]}'.length + 5000);
    session.journal.acknowledge(1);
    expect(session.journal.bytes).toBe(0);
  });
});

describe('a session with large bytes under way', () => {
  test('is stored with their base64, and comes back with them', () => {
    const session = new Session<Connection>(null, 'ann');
    const message = formatCallbackOk(1, [bytesOf(5000), '`:9`', bytesOf(4096)], 256, undefined, true);
    expect(message).toBeInstanceOf(AttachedMessage);
    session.journal.appendUnnumbered(message);
    const restored = Session.deserialize(session.id, session.serialize());
    const [a, b] = [5000, 4096].map((size) => `\`${bytesOf(size).toString('base64')}\``);
    expect([...restored.journal].map(({ message: text }) => text)).toEqual([
      `{callback:[1],ok:[${a},'\`:9\`',${b}]}`,
    ]);
    expect([...restored.journal][0].message).toBe(textOf(message));
  });

  test('comes back from a store with bytes behind their texts, where its peer takes bytes', () => {
    const session = new Session<Connection>(null, 'ann');
    session.binding = { application: 'app', version: undefined, extensions: ['bytes', 'resume'] };
    const values = [bytesOf(5000), bytesOf(4095), '`:9`', "'`", bytesOf(4096), Buffer.alloc(0)];
    const message = formatCallbackOk(1, values, 256, undefined, true);
    session.journal.appendUnnumbered(message);
    session.journal.appendUnnumbered(formatCallbackOk(2, ['x'.repeat(9000)]));
    const restored = Session.deserialize(session.id, session.serialize());
    expect([...restored.journal]).toEqual([...session.journal]);
    expect(restored.journal.bytes).toBe(session.journal.bytes);
    expect(restored.serialize()).toBe(session.serialize());
    const wrong = session
      .serialize()

      .replace(/`[\w+/]{10}/, '`?');
    expect(() => Session.deserialize(session.id, wrong)).toThrow(jstp.SessionTextError);
  });

  test.each([
    ['attachments again', ALL_EXTENSIONS, ALL_EXTENSIONS],
    ['no attachments any more', ALL_EXTENSIONS, WITHOUT],
    ['attachments now', WITHOUT, ALL_EXTENSIONS],
  ])('brings them after a cut over a transport with %s', async (_what, before, after) => {
    let answer: Back = () => undefined;
    const said: unknown[] = [];
    const application = new Application<Connection>(
      'app',
      { slow: { wait: (_connection: Connection, callback: Back) => (answer = callback) } },
      { room: { said: (_connection, value) => said.push(value) } },
    );
    const { port, server } = await startCore(closing, { applications: [application], extensions: before });
    const connection = await dial(closing, port);
    const waited = connection.callMethod('slow', 'wait', []);
    await within(connection.ping(), 'a pong');
    (connection.getTransport() as Socket).destroy();
    await waitFor(() => server.getClientsArray().length === 0, 'the cut');
    (server as unknown as { options: { extensions: readonly string[] } }).options.extensions = after;
    answer(null, { content: bytesOf(70_000) });
    connection.emitRemoteEvent('room', 'said', [bytesOf(80_000)]);
    await within(jstp.net.reconnect(connection, port, '127.0.0.1'), 'the resume');
    expect(connection.extensions.attachments).toBe(before === after || after === ALL_EXTENSIONS);
    expect(await within(waited, 'the answer')).toEqual({ content: bytesOf(70_000) });
    await waitFor(() => said.length > 0, 'the event');
    expect(said).toEqual([bytesOf(80_000)]);
  });

  test('is lost to a server that takes no bytes: what was never sent goes as text', async () => {
    const { server, port } = await startCore(closing);
    const connection = await dial(closing, port, {
      reconnector: (_connection, reconnectFn) => {
        setTimeout(() => reconnectFn(() => undefined), 1);
      },
    });
    await stopCore(server);
    await waitFor(() => !connection.handshakeDone, 'the cut');
    const offline = connection.callMethod('echo', 'back', [{ content: bytesOf(5000), text: '`:7`' }]);
    const heir = jstp.net.createServer({
      applications: [new Application<Connection>('app', API)],
      extensions: ['stream', 'cancel', 'resume'],
    });
    closing.add(() => stopCore(heir));
    heir.listen(port, '127.0.0.1');
    const expected = { content: bytesOf(5000).toString('base64'), text: '`:7`' };
    expect(await within(offline, 'the call made offline')).toEqual(expected);
  });
});

describe('within a process', () => {
  async function startMemory(application: Application<Connection>): Promise<Connection> {
    const memory = createMemoryEntry();
    const server = memory.createServer({ applications: [application] }).listen(1);
    closing.add(() => void server.close());
    const connection = await memory.connect('app', null, 1);
    closing.add(() => connection.close());
    return connection;
  }

  test('bytes cross of which base64 would be more than a message may have, both ways', async () => {
    const connection = await startMemory(new Answers('app', {}));
    expect(connection.extensions.attachments).toBe(true);
    const content = bytesOf(7 * 1024 * 1024);
    const result = await within(connection.callMethod('any', 'echo', [content]), 'a result');
    expect(content.equals((result as [Buffer])[0])).toBe(true);
    const tooMuch = connection.callMethod('any', 'echo', [Buffer.alloc(8 * 1024 * 1024)]);
    await expect(tooMuch).rejects.toMatchObject({ code: 'ERR_JSTP_MESSAGE_TOO_LARGE' });
  });

  test('a receiver has memory of its own, so that a replay sends what was sent', async () => {
    let received = 0;
    class Taking extends Application<Connection> {
      override handleEvent(
        _connection: Connection,
        _interface: string,
        _event: string,
        [value]: unknown[],
      ): void {
        received = transferred(value as Buffer).length;
      }
    }
    const connection = await startMemory(new Taking('app', {}));
    connection.emitRemoteEvent('any', 'sent', [bytesOf(70_000)]);
    await waitFor(() => received === 70_000, 'the event');
    const { session } = connection;
    const kept = session?.journal.at(session.journal.start).message;
    expect((kept as AttachedMessage).bytes).toEqual(bytesOf(70_000));
  });
});

describe('a server loses the transport of a peer', () => {
  const agreed = "{handshake:[0,'app','',{resume:1,bytes:1,attachments:1,max:100000}]}\0";
  const call = (value: string) => `{call:[1,'any'],echo:[${value}]}`;
  test.each([
    [
      'that attaches without an agreement',
      "{handshake:[0,'app','',{bytes:1}]}\0",
      written(call('`:2`'), 'ab'),
    ],
    ['that attaches in a handshake', '', written("{handshake:[0,'app'],login:[`:2`]}", 'ab')],
    ['that attaches before its handshake', '', written(call('`:2`'), 'ab')],
    ['with bytes that the text does not name', agreed, written(call('`:2`'), 'abc')],
    ['with bytes that the text names twice', agreed, written(call('`:2`,`:2`'), 'ab')],
    ['with more in the text than there is', agreed, written(call('`:3`'), 'ab')],
    ['with none of them', agreed, written(call('`:0`'), '')],
    ['with none of them in one place', agreed, written(call('`:0`,`:2`'), 'ab')],
    ['with no text', agreed, written('', 'ab')],
    ['with nothing', agreed, written('', '')],
    ['with a zero in front of a length', agreed, written(call('`:02`'), 'ab')],
    ['with no length', agreed, written(call('`:`'), 'ab')],
    ['with a length that is no number', agreed, written(call('`:2x`'), 'ab')],
    ['with a length beyond all numbers', agreed, written(call(`\`:${'9'.repeat(400)}\``), 'ab')],
    ['with a length without an end', agreed, written("{call:[1,'any'],echo:[`:2", 'ab')],
    ['with them in the header', agreed, written("{call:[1,'any',{a:`:2`}],echo:[]}", 'ab')],
    ['with a NUL in the text', agreed, written(call("'\0',`:2`"), 'ab')],
    ['with a length in a message of text', agreed, Buffer.from(`${call('`:2`')}\0`)],
    ['with a message announced too large', agreed, written(call('`:2`'), 'ab', 40, 0xffffffff)],
    ['with a text announced too large', agreed, written(call('`:2`'), 'ab', 0xffffffff, 2)],
  ])('%s', async (_what, first, then) => {
    const { port } = await startCore(closing, { applications: [new Answers('app', {})] });
    const peer = await RawPeer.connect(port);
    closing.add(() => peer.destroy());
    peer.socket.write(Buffer.concat([Buffer.from(first), then]));
    await peer.end();
    expect(peer.messages.filter((text) => !text.startsWith('{handshake:'))).toEqual([]);
  });

  test('that announces more than fits a handshake, and sends nothing of it', async () => {
    const { port } = await startCore(closing);
    const peer = await RawPeer.connect(port);
    closing.add(() => peer.destroy());
    peer.socket.write(written('', '', 20_000, 1));
    await peer.end();
  });

  test('that takes too long to send the rest', async () => {
    const { port } = await startCore(closing, { limits: { messageTimeoutMs: 50 } });
    const peer = await RawPeer.connect(port);
    closing.add(() => peer.destroy());
    peer.socket.write(agreed);
    await peer.received(1);
    peer.socket.write(written('', '', 40, 1000));
    await peer.end();
  });
});

test('a server reads what has bytes of any size behind its text, with messages around it', async () => {
  const { port } = await startCore(closing, { applications: [new Answers('app', {})] });
  const peer = await RawPeer.connect(port);
  closing.add(() => peer.destroy());
  const message = written("{call:[2,'any'],echo:[`:1`,{a:`Yg==`,b:`:2`}]}", 'a\0\u0001');
  const all = [
    Buffer.from("{handshake:[0,'app','',{resume:1,bytes:1,attachments:1}]}\0{call:[1,'any'],echo:[1]}\0"),
    message,
    Buffer.from("{call:[3,'any'],echo:[3]}\0"),
  ];
  for (const byte of Buffer.concat(all)) peer.socket.write(Buffer.from([byte]));
  await peer.received(4);
  expect(peer.messages.slice(1)).toEqual([
    '{callback:[1],ok:[[1]]}',
    '{callback:[2],ok:[[`YQ==`,{a:`Yg==`,b:`AAE=`}]]}',
    '{callback:[3],ok:[[3]]}',
  ]);
});

test('a server keeps little memory for few bytes that were attached beside many', async () => {
  const kept: Buffer[] = [];
  class Keeper extends Application<Connection> {
    handleCall(call: IncomingCall<Connection>): void {
      kept.push(call.args[0] as Buffer);
      call.succeed([]);
    }
  }
  const { port } = await startCore(closing, { applications: [new Keeper('app', {})] });
  const peer = await RawPeer.connect(port);
  closing.add(() => peer.destroy());
  peer.send("{handshake:[0,'app','',{bytes:1,attachments:1}]}");
  peer.socket.write(written("{call:[1,'any'],keep:[`:5`,`:8000`]}", Buffer.alloc(8005, 7)));
  await peer.received(2);
  expect(kept).toEqual([Buffer.alloc(5, 7)]);
  expect(kept[0].buffer.byteLength).toBeLessThanOrEqual(5 * 64);
});
