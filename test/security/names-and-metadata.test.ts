import { createServer } from 'node:net';
import { MessagePattern } from '@nestjs/microservices';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Application, net, type AuthPolicyFunction, type Connection, type Limits } from '../../lib/core.js';
import { JstpServer } from '../../lib/index.js';
import { Closing } from '../support/closing.js';
import { LOOPBACK } from '../support/ports.js';
import { RawPeer } from '../support/raw-peer.js';
import { within } from '../support/wait-for.js';
import { Arena, guardProcess } from './arena.js';

const closing = new Closing();
guardProcess();
afterEach(() => closing.run());

const LONGEST = 'n'.repeat(256);
const LONGER = 'n'.repeat(257);
const MAX_METADATA = 8192;

/** An application with names at the limit and beyond it. */
function longNames(heard: string[]): Application<Connection> {
  const method = (_connection: Connection, callback: (error: null) => void): void => callback(null);
  const application = new Application<Connection>('app', {
    [LONGEST]: { [LONGEST]: method, [LONGER]: method },
    [LONGER]: { [LONGEST]: method },
  });
  return Object.assign(application, {
    handleEvent: (_connection: Connection, interfaceName: string, event: string) =>
      void heard.push(`${String(interfaceName.length)}.${String(event.length)}`),
  });
}

describe('a name', () => {
  test('of limits.maxNameLength is known; a longer one names nothing, and the connection stays', async () => {
    const arena = await Arena.start(closing, { applications: [longNames([])] });
    const peer = await arena.guest();
    peer.send(
      `{call:[1,'${LONGEST}'],${LONGEST}:[]}`,
      `{call:[2,'${LONGER}'],${LONGEST}:[]}`,
      `{call:[3,'${LONGEST}'],${LONGER}:[]}`,
      `{inspect:[4,'${LONGEST}']}`,
      `{inspect:[5,'${LONGER}']}`,
    );
    const [, ...answers] = await peer.received(6);
    expect(answers).toEqual([
      '{callback:[1],ok:[]}',
      '{callback:[2],error:[12]}',
      '{callback:[3],error:[14]}',
      `{callback:[4],ok:['${LONGEST}','${LONGER}']}`,
      '{callback:[5],error:[12]}',
    ]);
    expect(arena.errors).toEqual([]);
  });

  test('that is longer is known where the limit allows it', async () => {
    const limits = { maxNameLength: Infinity };
    const arena = await Arena.start(closing, { applications: [longNames([])], limits });
    const peer = await arena.guest();
    peer.send(`{call:[1,'${LONGER}'],${LONGEST}:[]}`, `{call:[2,'${LONGEST}'],${LONGER}:[]}`);
    expect((await peer.received(3)).slice(1)).toEqual(['{callback:[1],ok:[]}', '{callback:[2],ok:[]}']);
  });

  test('of an event that is longer is counted, logged as rejected, and handled by nobody', async () => {
    const heard: string[] = [];
    const arena = await Arena.start(closing, { applications: [longNames(heard)] });
    const rejected: unknown[] = [];
    arena.server.on('log', (_connection, event) => event === 'messageRejected' && rejected.push(event));
    const peer = await arena.guest();
    peer.send(
      `{event:[1,'${LONGEST}'],${LONGEST}:[]}`,
      `{event:[2,'${LONGER}'],${LONGEST}:[]}`,
      `{event:[3,'${LONGEST}'],${LONGER}:[]}`,
    );
    await peer.pong(4);
    expect(heard).toEqual(['256.256']);
    expect(rejected).toHaveLength(2);
  });

  test('of a strategy that is longer is refused, and no policy is asked', async () => {
    const asked: number[] = [];
    const authPolicy: AuthPolicyFunction = (_connection, _application, strategy, _credentials, callback) => {
      asked.push(strategy.length);
      callback(null, 'ann');
    };
    const arena = await Arena.start(closing, { authPolicy });
    const reasons: string[] = [];
    arena.server.on('handshakeRefused', (_connection, { reason }) => reasons.push(reason));
    const peer = await arena.guest(`{handshake:[0,'app'],${LONGEST}:[]}`);
    expect(peer.messages[0]).toMatch(/^\{handshake:\[0\],ok:'/);
    const refused = await arena.guest(`{handshake:[0,'app'],${LONGER}:[]}`);
    await arena.expectEnded(refused);
    expect(refused.messages).toEqual(['{handshake:[0],error:[11]}']);
    expect(asked).toEqual([256]);
    expect(reasons).toEqual(['the name of its strategy is longer than limits.maxNameLength']);
  });
});

describe('a version', () => {
  test('of limits.maxVersionRangeLength is matched; a longer one matches nothing, and is refused', async () => {
    const range = '1.x'.padEnd(12, ' ');
    const application = new Application<Connection>('app@1.2.3', {});
    const arena = await Arena.start(closing, {
      applications: [application],
      limits: { maxVersionRangeLength: range.length },
    });
    const peer = await arena.guest(`{handshake:[0,'app','${range}']}`);
    expect(peer.messages[0]).toMatch(/^\{handshake:\[0\],ok:'/);
    const refused = await arena.guest(`{handshake:[0,'app','${range} ']}`);
    await refused.end();
    expect(refused.messages).toEqual(['{handshake:[0],error:[10]}']);
  });
});

describe('a Nest handler', () => {
  async function start(name: string, maxNameLength?: number): Promise<void> {
    @Controller()
    class Long {
      @MessagePattern(name)
      serve(): number {
        return 1;
      }
    }
    @Module({ controllers: [Long] })
    class LongModule {}
    const limits = maxNameLength === undefined ? {} : { maxNameLength };
    const strategy = new JstpServer({ host: LOOPBACK, port: 0, limits });
    const app = await NestFactory.createMicroservice(LongModule, {
      strategy,
      logger: false,
      abortOnError: false,
    });
    closing.add(() => app.close());
    await app.listen();
  }

  test('with the longest name is served; with a longer one the server does not start, and says why', async () => {
    await start(LONGEST);
    await expect(start(LONGER)).rejects.toThrow(
      'limits.maxNameLength must be at least 257, the length of the name of Long.serve',
    );
    await start(LONGER, 257);
  });
});

describe('metadata', () => {
  /** A header of so many bytes. */
  const header = (id: number, bytes: number): string => {
    const start = `[${String(id)},'meta',{text:'`;
    return `${start}${'x'.repeat(bytes - start.length - "'}]".length)}'}]`;
  };

  function listening(heard: unknown[]): Application<Connection> {
    const application = new Application<Connection>('app', { meta: {} });
    return Object.assign(application, {
      handleCall: (call: { metadata?: { text?: string }; succeed(results: unknown[]): void }) =>
        call.succeed([call.metadata?.text?.length ?? 0]),
      handleEvent: (...args: unknown[]) => void heard.push((args[4] as { text: string }).text.length),
    });
  }

  test('in a header of limits.maxMetadataBytes arrives; with a byte more the call fails with 17, and says why', async () => {
    const arena = await Arena.start(closing, { applications: [listening([])] });
    const peer = await arena.guest();
    peer.send(
      `{call:${header(1, MAX_METADATA)},run:[]}`,
      `{call:${header(2, MAX_METADATA + 1)},run:[]}`,
      `{call:[3,'meta'],run:['${'x'.repeat(MAX_METADATA)}']}`,
    );
    const [, held, refused, without] = await peer.received(4);
    expect(held).toMatch(/^\{callback:\[1\],ok:\[81\d\d\]\}$/);
    expect(refused).toBe("{callback:[2],error:[17,'Invalid signature','ERR_METADATA_TOO_LARGE']}");
    // Arguments are no metadata.
    expect(without).toBe('{callback:[3],ok:[0]}');
    expect(arena.errors).toEqual([]);
  });

  test('of an event that is larger is handled by nobody', async () => {
    const heard: unknown[] = [];
    const arena = await Arena.start(closing, { applications: [listening(heard)] });
    const peer = await arena.guest();
    peer.send(`{event:${header(1, MAX_METADATA)},said:[]}`, `{event:${header(2, MAX_METADATA + 1)},said:[]}`);
    await peer.pong(3);
    expect(heard).toHaveLength(1);
  });

  test('of a caller of this package is checked by both sides, each with its own limit', async () => {
    const metadata = { text: 'x'.repeat(MAX_METADATA) };
    const call = async (server: Partial<Limits>, client: Partial<Limits>): Promise<unknown> => {
      const arena = await Arena.start(closing, { applications: [listening([])], limits: server });
      const connection = await within(
        net.connect('app', { limits: client }, arena.port, LOOPBACK),
        'a client',
      );
      closing.add(() => connection.close());
      return connection.callMethod('meta', 'run', [], { metadata }).catch((error: unknown) => error);
    };
    const any = { maxMetadataBytes: Infinity };
    expect(await call(any, {})).toMatchObject({
      code: 'ERR_JSTP_METADATA_TOO_LARGE',
      message: expect.stringContaining('limits.maxMetadataBytes of this side') as unknown,
    });
    expect(await call({}, any)).toMatchObject({ code: 17, info: ['ERR_METADATA_TOO_LARGE'] });
    expect(await call(any, any)).toBe(MAX_METADATA);
  });

  test('of an answer that is larger is ignored, and the answer is taken', async () => {
    const answers = [
      `{callback:${header(1, MAX_METADATA + 1)},ok:[1]}`,
      `{callback:${header(2, MAX_METADATA)},ok:[2]}`,
    ];
    const server = createServer((socket) => {
      const peer = new RawPeer(socket);
      closing.add(() => peer.destroy());
      socket.once('data', () => peer.send("{handshake:[0],ok:'id'}"));
      socket.on('data', (data) => {
        if (data.includes('call')) peer.send(...answers.splice(0).map((text) => text.replace("'meta',", '')));
      });
    });
    closing.add(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
    const { port } = server.address() as { port: number };
    const connection = await within(net.connect('app', null, port, LOOPBACK), 'a client');
    closing.add(() => connection.close());
    const heard: unknown[] = [];
    const call = (): Promise<unknown> =>
      connection.callMethod('meta', 'run', [], { onReplyMetadata: (metadata) => heard.push(metadata) });
    // The header is some bytes shorter than asked for, as its interface is taken out.
    answers[0] = answers[0].replace("text:'", `text:'${'y'.repeat("'meta',".length)}`);
    expect(await Promise.all([call(), call()])).toEqual([1, 2]);
    expect(heard).toHaveLength(1);
  });
});

describe('the id of a session that a server gives', () => {
  async function connect(id: string): Promise<Connection> {
    const server = createServer((socket) => {
      const peer = new RawPeer(socket);
      closing.add(() => peer.destroy());
      socket.once('data', () => peer.send(`{handshake:[0],ok:'${id}'}`));
    });
    closing.add(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
    const { port } = server.address() as { port: number };
    const connection = await within(net.connect('app', null, port, LOOPBACK), 'a client');
    closing.add(() => connection.close());
    return connection;
  }

  test('may have 256 characters; with one more the client does not take it for a session', async () => {
    expect((await connect('i'.repeat(256))).session?.id).toHaveLength(256);
    await expect(connect('i'.repeat(257))).rejects.toMatchObject({ code: 11 });
  });
});
