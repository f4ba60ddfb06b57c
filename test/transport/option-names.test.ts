import * as nodeHttp from 'node:http';
import * as nodeHttps from 'node:https';
import * as nodeTls from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { Application, net, SimpleSessionStorageProvider, tls, ws, wss } from '../../lib/core.js';
import {
  createFaultEntry,
  createFaultProxy,
  createMemoryEntry,
  createTestingPair,
  sessionStorageCases,
} from '../../lib/testing/index.js';
import { CLIENT_NAMES, SERVER_NAMES } from '../../lib/transport/node-options.js';
import { serverPair } from '../support/certificates.js';

const applications = [new Application('app', {})];

/** The names of its options that something reads. */
function namesRead(use: (options: object) => unknown): string[] {
  const names = new Set<string>();
  const options = new Proxy<Record<string, unknown>>(
    { ...serverPair },
    {
      get: (target, name) => {
        if (typeof name === 'string') names.add(name);
        return target[String(name)];
      },
    },
  );
  use(options);
  return [...names].sort();
}

describe('the lists of Node’s options', () => {
  test.each([
    ['tls.createServer', SERVER_NAMES.tls, (options: object) => nodeTls.createServer(options)],
    ['http.createServer', SERVER_NAMES.ws, (options: object) => nodeHttp.createServer(options)],
    ['https.createServer', SERVER_NAMES.wss, (options: object) => nodeHttps.createServer(options)],
  ])('have all that %s reads', (_title, { names }, createServer) => {
    const read = namesRead(createServer);
    expect(read.length).toBeGreaterThan(10);
    expect(read.filter((name) => !names.includes(name))).toEqual([]);
  });

  // Why by its source: the constructor copies the object's own properties first, and reads the copy.
  test('have all that http.request reads', () => {
    const source = String(nodeHttp.ClientRequest);
    const read = new Set([...source.matchAll(/\boptions\.(\w+)/g)].map(([, name = '']) => name));
    expect(read.size).toBeGreaterThan(10);
    const { names } = CLIENT_NAMES.ws;
    expect([...read].filter((name) => !names.includes(name))).toEqual([]);
  });
});

describe('createServer of the core', () => {
  test.each<[string, () => unknown, string]>([
    ['net', () => net.createServer({ applications, autPolicy: null } as never), 'did you mean "authPolicy"?'],
    [
      'net',
      () => net.createServer({ applications, requestCert: true } as never),
      'Unknown name "requestCert" in ',
    ],
    ['tls', () => tls.createServer({ applications, ...serverPair, cas: '' } as never), 'did you mean "ca"?'],
    [
      'ws',
      () => ws.createServer({ applications, allowedOrigin: [] } as never),
      'did you mean "allowedOrigins"?',
    ],
    [
      'ws, apart',
      () => ws.createServer({ applications }, { maxHeaderSise: 1 } as never),
      'did you mean "maxHeaderSize"?',
    ],
    ['wss', () => wss.createServer({ applications, servr: null } as never), 'did you mean "server"?'],
    [
      'memory',
      () => createMemoryEntry().createServer({ applications, noDelay: true } as never),
      'Unknown name "noDelay" in ',
    ],
  ])('over %s refuses what nobody knows', (_title, make, text) => {
    expect(make).toThrow(text);
  });

  test('takes those of Node', () => {
    net.createServer({ applications, noDelay: true, pauseOnConnect: false });
    tls.createServer({ applications, ...serverPair, requestCert: true, highWaterMark: 1024 });
    ws.createServer({ applications, maxHeaderSize: 1024 }, { allowedOrigins: [] });
    wss.createServer({ applications, ...serverPair, requestTimeout: 5000, ALPNProtocols: ['http/1.1'] });
  });

  test('refuses to share a server of HTTP that is not there', () => {
    const options = { applications, server: undefined };
    const listen = (): unknown => ws.createServer(options);
    expect(listen).toThrow('server must be a server of HTTP, but undefined was given');
  });
});

describe('the helpers for tests', () => {
  test('refuse what nobody knows', async () => {
    await expect(createTestingPair({ applications, ap: 'app' } as never)).rejects.toThrow(
      'did you mean "app"?',
    );
    expect(() => createFaultEntry({ sed: 1 } as never)).toThrow('did you mean "seed"?');
    expect(() => createFaultProxy({ port: 1, delayTurns: 1 } as never)).toThrow(
      'Unknown name "delayTurns" in ',
    );
    const create = (): SimpleSessionStorageProvider => new SimpleSessionStorageProvider();
    expect(() => sessionStorageCases({ create, createsecond: create } as never)).toThrow(
      'did you mean "createSecond"?',
    );
  });
});
