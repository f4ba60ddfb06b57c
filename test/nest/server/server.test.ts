import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Controller, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import {
  ConfigurationError,
  JSTP,
  JstpApplication,
  JstpHandshake,
  JstpInterface,
  JstpServer,
  net,
  type JstpServerOptions,
  type Server as CoreServer,
} from '../../../lib/index.js';
import { createClient } from 'redis';
import { createMemoryEntry } from '../../../lib/testing/index.js';
import { LOOPBACK, reservedPort } from '../../support/ports.js';
import { moduleOf, QUIET } from '../../support/nest-app.js';
import { observe } from '../../support/observed.js';
import { Door, turns } from '../../support/quiet.js';
import { waitFor } from '../../support/wait-for.js';
import { atEnd, KeptLog, Service, startService } from './fixture.js';

@JstpApplication('chat@1.2.0')
@JstpInterface('rooms')
@Controller()
class RoomsController {
  @MessagePattern('join')
  join(): string {
    return 'joined';
  }

  @EventPattern<string>('typing')
  typing(): void {
    // Only its place counts.
  }

  @JstpHandshake('login')
  login(): string {
    return 'x';
  }
}

@Controller()
class PlainController {
  @MessagePattern('ping')
  ping(): string {
    return 'pong';
  }
}

const listening = (options: JstpServerOptions): { server: JstpServer; outcomes: unknown[][] } => {
  const server = new JstpServer({ host: LOOPBACK, port: 0, ...options });
  const outcomes: unknown[][] = [];
  atEnd(() => server.close());
  server.listen((...args) => outcomes.push(args));
  return { server, outcomes };
};

describe('the options of a server', () => {
  test.each<[string, object, string]>([
    ['a transport that there is not', { transport: 'pigeon' }, 'transport must be one of net'],
    [
      'a transport named as an inherited property',
      { transport: 'constructor' },
      'transport must be one of net',
    ],
    ['a transport that cannot listen', { transport: {} }, 'transport must be one of net, tls, ws, wss, or'],
    ['listeners that are none', { listeners: [] }, 'listeners must be an array'],
    ['listeners of text', { listeners: ['net'] }, 'listeners must be an array'],
    ['listeners and a port', { listeners: [{}], port: 1 }, 'port must be given in one of the listeners'],
    ['a bad port of a listener', { listeners: [{}, { port: -1 }] }, 'listeners[1].port must be an integer'],
    ['TLS without a certificate', { transport: 'tls' }, 'cert must be a certificate with its key, or one of'],
    ['wss without a certificate', { transport: 'wss' }, 'cert must be a certificate'],
    ['a shared server of TCP', { server: {} }, 'server must be given with the transport ws or wss'],
    ['a shared server that is none', { transport: 'ws', server: 5 }, 'server must be a server of HTTP'],
    [
      'a shared server and a port',
      { transport: 'ws', server: createServer(), port: 1 },
      'port must be given without',
    ],
    ['a path that is none of a URL', { transport: 'ws', path: 'x' }, 'path must be the path of a URL'],
    ['one origin as text', { transport: 'ws', allowedOrigins: 'a' }, 'allowedOrigins must be an array'],
    ['a strategy of text', { transport: 'ws', originCheckStrategy: 'a' }, 'originCheckStrategy must be'],
    ['origins of TCP', { allowedOrigins: [] }, 'allowedOrigins must be given with the transport ws or wss'],
    ['a port that is no number', { port: '30x' }, 'port must be an integer from 0 to 65535, or its digits'],
    ['a port of no digits', { port: '' }, 'port must be an integer'],
    ['a port of digits too high', { port: '70000' }, 'but "70000" was given'],
    ['a port too high', { port: 65536 }, 'but 65536 was given'],
    ['an empty host', { host: '' }, 'host must be'],
    ['an empty path', { path: '' }, 'path must be'],
    ['a path and a port', { path: '/tmp/x', port: 1 }, 'path must be given without a port'],
    ['an application without a version that is one', { application: 'a@b' }, 'application must be'],
    ['an empty application', { application: '' }, 'application must be'],
    ['applications that are none', { applications: {} }, 'applications must be'],
    ['a policy of text', { authPolicy: 'none' }, 'authPolicy must be'],
    ['a policy that decides nothing', { authPolicy: {} }, 'authPolicy must be'],
    ['a limit beside limits', { maxSessions: 5 }, 'maxSessions must be given in limits: { maxSessions }'],
    [
      'a limit in one of several listeners',
      { listeners: [{ maxDepth: 5 }] },
      'maxDepth must be given in limits: { maxDepth }',
    ],
    ['a limit that there is not', { limits: { maxPigeons: 1 } }, 'Unknown name "maxPigeons" in limits'],
    [
      'a name that TLS has not',
      { transport: 'tls', cert: 'c', rejectUnautorized: true },
      'did you mean "rejectUnauthorized"?',
    ],
    ['a name that HTTP has not', { transport: 'ws', requestTimout: 1 }, 'did you mean "requestTimeout"?'],
    ['a name of TLS for TCP', { requestCert: true }, "those of Node's net.createServer"],
    [
      'a name of IPC for WebSockets',
      { transport: 'ws', readableAll: true },
      'Unknown name "readableAll" in ',
    ],
    ["a name of Node's listen that is not handed on", { signal: null }, 'Unknown name "signal" in '],
    [
      'a name of HTTP for a server that is made already',
      { transport: 'ws', server: createServer(), noDelay: true },
      'Unknown name "noDelay" in ',
    ],
    [
      'a name that one of several listeners has not',
      { listeners: [{}, { prot: 1 }] },
      'Unknown name "prot" in listeners[1]: did you mean "port"? Known are transport, host, port,',
    ],
    [
      'a name of TCP beside several listeners',
      { listeners: [{}], noDelay: true },
      'Unknown name "noDelay" in ',
    ],
    [
      'a name that another transport has not',
      { transport: createMemoryEntry(), noDelay: true },
      'Unknown name "noDelay" in ',
    ],
    [
      'a backlog of text of one of several listeners',
      { listeners: [{ backlog: 'x' }] },
      'listeners[0].backlog must be',
    ],
    ['a limit of text', { limits: { maxDepth: '1' } }, 'limits.maxDepth must be'],
    ['a class that is no guard', { authPolicy: class Door {} }, 'or a guard, but the class Door was given'],
    [
      'a name like no other, without a guess',
      { retryAttempts: 1 },
      'Unknown name "retryAttempts" in options. Known',
    ],
    ['no listeners', { listeners: [] }, 'at least one { transport, ... }, but an empty array was given'],
    [
      'a heartbeat below zero, and say that 0 is none',
      { heartbeatInterval: -1 },
      'from 0 (none) to 2147483647',
    ],
    ['an expiration below zero', { clientExpirationTime: -1 }, 'milliseconds from 0 (the default) to'],
    ['a heartbeat below zero', { heartbeatInterval: -1 }, 'heartbeatInterval must be'],
    ['an expiration that is no time', { clientExpirationTime: 2 ** 40 }, 'clientExpirationTime must be'],
    ['allowAnonymous of text', { allowAnonymous: 'yes' }, 'allowAnonymous must be true or false'],
    ['authorizeResume of a number', { authorizeResume: 1 }, 'authorizeResume must be true or false'],
    ['a serializer without serialize', { serializer: {} }, 'serializer must be'],
    ['a deserializer without deserialize', { deserializer: () => undefined }, 'deserializer must be'],
    [
      'a provider without set',
      { sessionStorageProvider: { get: () => undefined } },
      'sessionStorageProvider must be',
    ],
    [
      'a client of Redis for a provider',
      { sessionStorageProvider: createClient() },
      'sessionStorageProvider must be an object with methods get and set, and no client of Redis',
    ],
    [
      'an option that there is not',
      { prot: 1 },
      'Unknown name "prot" in options: did you mean "port"? Known are transport, host, port,',
    ],
    [
      'and names the nearest',
      { heartbeatIntervall: 1 },
      'Unknown name "heartbeatIntervall" in options: did you mean "heartbeatInterval"? Known are ',
    ],
    ['extensions, which are not for the user to choose', { extensions: [] }, 'Unknown name "extensions" in '],
    ['options that are none', 5 as unknown as object, 'options must be an object, but 5 was given'],
    ['limits that are none', { limits: 5 }, 'limits must be an object, but 5 was given'],
    ['a heartbeat of text', { heartbeatInterval: '5000' }, 'heartbeatInterval must be a number of millis'],
    ['a backlog of text', { backlog: 'x' }, 'backlog must be an integer from 0 to'],
    ['exclusive of text', { exclusive: 'yes' }, 'exclusive must be true or false, but "yes" was given'],
    ['a flag of Node of text', { noDelay: 'false' }, 'noDelay must be true or false, but "false" was given'],
    ['a policy that is false', { authPolicy: false }, 'or a guard, but false was given'],
    ['an application that is none', { applications: [1] }, 'applications must be an array of applications'],
    [
      'a guard class outside of JstpModule',
      {
        authPolicy: class {
          canActivate(): boolean {
            return true;
          }
        },
      },
      'JstpModule',
    ],
  ])('refuse %s, when the server is made', (_title, options, text) => {
    const make = (): JstpServer => new JstpServer(options);
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(text);
  });

  test('may all be left out', () => {
    const server = new JstpServer();
    expect(server.transportId).toBe(JSTP);
    expect(JSTP).toBe(Symbol.for('JSTP'));
  });

  test('may be those of Node’s createServer and listen', () => {
    const ofNode: JstpServerOptions = {
      allowHalfOpen: true,
      pauseOnConnect: false,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 1000,
      highWaterMark: 1024,
      backlog: 5,
      exclusive: true,
    };
    expect(new JstpServer(ofNode)).toBeInstanceOf(JstpServer);
  });

  test('may have null where JSTP has it', () => {
    const none = {
      authPolicy: null,
      sessionStorageProvider: null,
      heartbeatInterval: null,
      clientExpirationTime: null,
    };
    expect(new JstpServer(none)).toBeInstanceOf(JstpServer);
  });
});

describe('a server that is not listening', () => {
  test.each<[string, (server: JstpServer) => unknown]>([
    ['unwrap', (server) => server.unwrap()],
    ['broadcast', (server) => server.broadcast('rooms', 'news')],
    ['getClients', (server) => server.getClients()],
    ['getReachableClients', (server) => server.getReachableClients()],
    ['getUsage', (server) => server.getUsage()],
  ])('says so at %s', (_name, act) => {
    expect(() => act(new JstpServer())).toThrow('The JSTP server has not been started');
  });
});

describe('a server that starts', () => {
  test('tells what is used of its budgets', async () => {
    const { server } = listening({ limits: { maxSessions: 5 } });
    await waitFor(() => server.unwrap().listening, 'the server');
    expect(server.getUsage().sessions).toEqual({ used: 0, limit: 5 });
  });

  test('tells a listener registered before of its events, and again after it has listened anew', async () => {
    const { server } = listening({});
    const events: string[] = [];
    server.on('listening', () => events.push('listening')).on('close', () => events.push('close'));
    await waitFor(() => events.length === 1, 'the server');
    await server.close();
    await waitFor(() => events.length === 2, 'the end');
    server.listen(() => undefined);
    await waitFor(() => events.length === 3, 'the server again');
    expect(events).toEqual(['listening', 'close', 'listening']);
  });

  test('fails with Node’s error where the port is in use, and is disconnected', async () => {
    const first = listening({});
    await waitFor(() => first.outcomes.length > 0, 'the first server');
    const { port } = first.server.unwrap<CoreServer>().address() as { port: number };
    const second = listening({ port });
    const states = observe(second.server.status);
    await waitFor(() => second.outcomes.length > 0, 'the second server');
    await turns();
    expect(second.outcomes).toEqual([[expect.objectContaining({ code: 'EADDRINUSE', port })]]);
    expect(states.values).toEqual(['disconnected']);
  });

  test('refuses to listen twice', async () => {
    const { server, outcomes } = listening({});
    await waitFor(() => outcomes.length > 0, 'the server');
    server.listen((...args) => outcomes.push(args));
    expect(outcomes).toEqual([[], [new Error('The JSTP server listens already')]]);
  });

  test('refuses to listen while it is about to: there is one server, which close() ends', async () => {
    const { server, outcomes } = listening({});
    server.listen((...args) => outcomes.push(args));
    await waitFor(() => outcomes.length > 1, 'both callbacks');
    await turns();
    expect(outcomes).toEqual([[new Error('The JSTP server listens already')], []]);
    const core = server.unwrap<CoreServer>();
    await server.close();
    expect(core.listening).toBe(false);
  });

  test('may listen anew after it could not, and right after close', async () => {
    const first = listening({});
    await waitFor(() => first.outcomes.length > 0, 'the first server');
    const { port } = first.server.unwrap<CoreServer>().address() as { port: number };
    const { server, outcomes } = listening({ port });
    const states = observe(server.status);
    await waitFor(() => outcomes.length === 1, 'the error');
    await first.server.close();
    server.listen((...args) => outcomes.push(args));
    await waitFor(() => outcomes.length === 2, 'the server');
    void server.close();
    server.listen((...args) => outcomes.push(args));
    await waitFor(() => outcomes.length === 3, 'the server again');
    await turns();
    expect(outcomes.slice(1)).toEqual([[], []]);
    expect(states.values.at(-1)).toBe('connected');
  });

  test('that is closed before it listens says so to its callback', async () => {
    const { server, outcomes } = listening({});
    await server.close();
    await waitFor(() => outcomes.length > 0, 'the callback');
    expect(outcomes).toHaveLength(1);
  });

  test('logs each application with its interfaces, methods and events', async () => {
    const log = new KeptLog();
    await startService({ controllers: [RoomsController, PlainController], logger: log });
    expect(log.lines).toContain('Application chat@1.2.0: rooms (join, events: typing)');
    expect(log.lines).toContain('Application jstp@1.0.0: default (ping)');
  });

  test('takes a port of digits, as environment variables have it', async () => {
    const port = await reservedPort({ add: atEnd });
    const { server, outcomes } = listening({ port: String(port) });
    await waitFor(() => outcomes.length > 0, 'the server');
    expect(outcomes).toEqual([[]]);
    expect(server.unwrap<CoreServer>().address()).toMatchObject({ port });
  });

  test('listens on an IPC path', async () => {
    const path = join(tmpdir(), `jstp-${process.pid}-${Date.now()}.sock`);
    const { server, outcomes } = listening({ host: undefined, port: undefined, path });
    await waitFor(() => outcomes.length > 0, 'the server');
    expect(outcomes).toEqual([[]]);
    expect(server.unwrap<CoreServer>().address()).toBe(path);
    const connection = await net.connect('jstp', null, path);
    connection.close();
  });
});

describe('a server that ends', () => {
  test('ends its connections, may be closed twice, and says what it is', async () => {
    const { server, outcomes } = listening({});
    const states = observe(server.status);
    await waitFor(() => outcomes.length > 0, 'the server');
    const { port } = server.unwrap<CoreServer>().address() as { port: number };
    const connection = await net.connect('jstp', { reconnector: () => undefined }, port, LOOPBACK);
    let isClosed = false;
    connection.on('close', () => {
      isClosed = true;
    });
    await server.close();
    await server.close();
    await waitFor(() => isClosed, 'the end of the connection');
    expect(states.values).toEqual(['connected', 'disconnected']);
    expect([...server.getClients()]).toHaveLength(0);
    server.broadcast('rooms', 'to nobody');
  });

  test('does not wait for a peer that only came and said nothing', async () => {
    const service = await startService({ controllers: [PlainController] });
    const door = new Door(service.server.unwrap<CoreServer>(), () => service.port);
    service.open();
    await waitFor(async () => (await door.came()) === 1, 'the peer');
    await service.app.close();
  });
});

describe('a hybrid application', () => {
  let app: INestApplication;

  test('serves HTTP and JSTP with the same controllers, and closes both', async () => {
    app = await NestFactory.create(moduleOf({ controllers: [PlainController] }), QUIET);
    atEnd(() => app.close());
    const server = new JstpServer({ host: LOOPBACK, port: 0 });
    app.connectMicroservice({ strategy: server }, { inheritAppConfig: true });
    await app.startAllMicroservices();
    const connection = await new Service(app as never, server).connect();
    expect(await connection.callMethod('default', 'ping', [])).toBe('pong');
    await app.close();
    await waitFor(() => connection.state.name !== 'open', 'the end of the connection');
  });
});

test('errors of the line are not logged as errors, but one debug line says whose and what', async () => {
  const log = new KeptLog();
  const service = await startService({ controllers: [PlainController], logger: log });
  const errors: unknown[] = [];
  service.server.on('connectionError', (error) => errors.push(error));
  service.open().write('garbage');
  await waitFor(() => errors.length > 0, 'the protocol error');
  expect(log.errors).toEqual([]);
  expect(log.debugs).toEqual([expect.stringMatching(/^127\.0\.0\.1: ProtocolError: .+$/)]);
});
