import { afterEach, describe, expect, test } from '@jest/globals';
import { Controller, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Ctx, MessagePattern } from '@nestjs/microservices';
import { request as httpRequest } from 'node:http';
import type { WebSocket } from 'ws';
import {
  JstpClient,
  JstpContext,
  JstpHandshake,
  type Connection,
  type JstpServerOptions,
  type UpgradeRequest,
} from '../../../lib/index.js';
import { KeptUpgrade } from '../../../lib/transport/websocket/kept-upgrade.js';
import { ca, serverPair } from '../../support/certificates.js';
import { Closing } from '../../support/closing.js';
import { LOOPBACK } from '../../support/ports.js';
import { waitFor, within } from '../../support/wait-for.js';
import { atEnd, startService, type Service } from './fixture.js';

const closing = new Closing();
afterEach(() => closing.run());

function contextOf(context: ExecutionContext): JstpContext {
  return context.switchToRpc().getContext<JstpContext>();
}

/** Lets in who has the cookie, at the login and at each resume. */
class CookieGuard implements CanActivate {
  readonly seen: (string | undefined)[] = [];

  canActivate(context: ExecutionContext): boolean {
    const jstp = contextOf(context);
    const name = jstp.getUpgradeRequest()?.cookies.user;
    this.seen.push(name);
    if (name === undefined) return false;
    if (jstp.getHandshake()?.strategy === 'session') return name.startsWith(String(jstp.getUsername()));
    jstp.setUsername(name);
    return true;
  }
}

/** Of a handler: lets pass who says so in a header. */
class LanguageGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return contextOf(context).getUpgradeRequest()?.headers['accept-language'] === 'de';
  }
}

let release: (() => void) | undefined;

@Controller()
class RequestController {
  @MessagePattern('request')
  request(@Ctx() context: JstpContext): unknown[] {
    const request = context.getUpgradeRequest();
    return [context.getUsername(), request?.url, request?.cookies.user, context.getRemoteAddress()];
  }

  @MessagePattern('german')
  @UseGuards(LanguageGuard)
  german(): string {
    return 'guten Tag';
  }

  /** Answers after a cut. */
  @MessagePattern('later')
  async later(@Ctx() context: JstpContext): Promise<(string | undefined)[]> {
    const before = context.getUpgradeRequest()?.cookies.user;
    await new Promise<void>((resolve) => (release = resolve));
    return [before, context.getUpgradeRequest()?.cookies.user];
  }
}

@Controller()
class BearerController {
  @JstpHandshake()
  enter(@Ctx() context: JstpContext): string | false {
    const [scheme, token] = (context.getUpgradeRequest()?.headers.authorization ?? '').split(' ');
    return scheme === 'Bearer' && token === 'a-token' ? 'ann' : false;
  }
}

function start(options: Partial<JstpServerOptions>, ...controllers: (new () => object)[]): Promise<Service> {
  const all = { transport: 'ws', ...options } as JstpServerOptions;
  return startService({ controllers: [RequestController, ...controllers], options: all });
}

function clientOf(service: Service, connectOptions: object | (() => object), more: object = {}): JstpClient {
  const { port } = service;
  const client = new JstpClient({
    url: `ws://${LOOPBACK}:${port}/jstp?lang=de`,
    connectOptions,
    ...more,
  });
  atEnd(() => client.close());
  return client;
}

const cookie = (text: string): object => ({ headers: { cookie: text } });
const answerOf = (client: JstpClient, method: string): Promise<unknown> =>
  within(client.call('default', method), 'an answer');

describe('the upgrade request', () => {
  test('names the user by a cookie, and is there for guards and handlers', async () => {
    const service = await start({ authPolicy: new CookieGuard(), trustProxy: 'loopback' });
    const headers = {
      cookie: 'theme=dark; user=ann',
      'Accept-Language': 'de',
      'x-forwarded-for': '192.0.2.7',
    };
    const ann = clientOf(service, { headers });
    expect(await answerOf(ann, 'request')).toEqual(['ann', '/jstp?lang=de', 'ann', '192.0.2.7']);
    expect(await answerOf(ann, 'german')).toBe('guten Tag');
    const bob = clientOf(service, cookie('user=bob'));
    await expect(answerOf(bob, 'german')).rejects.toMatchObject({ message: 'Forbidden resource' });
    const stranger = clientOf(service, cookie('theme=dark'), { reconnect: false });
    await expect(within(stranger.connect(), 'a refusal')).rejects.toMatchObject({ code: 11 });
  });

  test('has the bearer token of a program, for a handshake handler', async () => {
    const service = await start({}, BearerController);
    const bearer = (token: string): object => ({ headers: { authorization: `Bearer ${token}` } });
    const ann = clientOf(service, bearer('a-token'));
    expect(await answerOf(ann, 'request')).toEqual(['ann', '/jstp?lang=de', undefined, LOOPBACK]);
    const guesser = clientOf(service, bearer('a-guess'), { reconnect: false });
    await expect(within(guesser.connect(), 'a refusal')).rejects.toMatchObject({ code: 11 });
  });

  test('is not kept of a WebSocket that is lost, and is that of the new one after a resume, for handlers that run on, too', async () => {
    const guard = new CookieGuard();
    const service = await start({ authPolicy: guard, authorizeResume: true });
    let user = 'ann';
    let open = Promise.resolve();
    let dial: (() => void) | undefined;
    const client = clientOf(service, async () => {
      await open;
      return cookie(`user=${user}`);
    });
    const connection = await within(client.connect(), 'a connection');
    const later = client.call('default', 'later');
    await waitFor(() => release !== undefined, 'the handler');
    const [served] = service.server.getClients();
    user = 'ann2';
    open = new Promise<void>((resolve) => (dial = resolve));
    (connection.getTransport() as WebSocket).terminate();
    await waitFor(() => !served.handshakeDone, 'the cut');
    expect(served.getTransport()).toBeUndefined();
    expect(served.getUpgradeRequest()).toBeUndefined();
    dial?.();
    await waitFor(() => served.handshakeDone, 'the resume');
    release?.();
    expect(await within(later, 'an answer')).toEqual(['ann', 'ann2']);
    // The session keeps its user: a resume names nobody.
    expect(await answerOf(client, 'request')).toEqual(['ann', '/jstp?lang=de', 'ann2', LOOPBACK]);
    expect(guard.seen).toEqual(['ann', 'ann2']);
  });

  test('lets a guard refuse the session of one user to the cookie of another', async () => {
    const service = await start({ authPolicy: new CookieGuard(), authorizeResume: true });
    let user = 'ann';
    const client = clientOf(service, () => cookie(`user=${user}`));
    const connection = await within(client.connect(), 'a connection');
    const before = connection.session?.id;
    user = 'bob';
    (connection.getTransport() as WebSocket).terminate();
    await waitFor(() => !connection.handshakeDone, 'the cut');
    expect(await answerOf(client, 'request')).toEqual(['bob', '/jstp?lang=de', 'bob', LOOPBACK]);
    expect(client.unwrap<Connection>().session?.id).not.toBe(before);
  });

  test('is there over wss, and not over net or on the side of a client', async () => {
    const service = await start({ transport: 'wss', ...serverPair } as object);
    const url = `wss://${LOOPBACK}:${service.port}`;
    const overTls = new JstpClient({ url, connectOptions: { ca, headers: { cookie: 'user=ann' } } });
    atEnd(() => overTls.close());
    expect(await answerOf(overTls, 'request')).toEqual([null, '/', 'ann', LOOPBACK]);
    expect((await overTls.connect()).getUpgradeRequest()).toBeUndefined();
    const overNet = await (await startService({ controllers: [RequestController] })).connect();
    expect(await within(overNet.callMethod('default', 'request', []), 'an answer')).toEqual([
      null,
      undefined,
      undefined,
      LOOPBACK,
    ]);
  });

  test('is bounded by the size of headers that Node takes', async () => {
    const service = await start({ maxHeaderSize: 2048 });
    const headers = {
      connection: 'upgrade',
      upgrade: 'websocket',
      cookie: `user=${'x'.repeat(2048)}`,
    };
    const status = new Promise((resolve, reject) => {
      const request = httpRequest({ host: LOOPBACK, port: service.port, headers });
      closing.add(() => request.destroy());
      request
        .on('response', (response) => resolve(response.statusCode))
        .on('error', reject)
        .end();
    });
    expect(await within(status, 'a refusal')).toBe(431);
  });
});

describe('what is kept of an upgrade request', () => {
  const read = (headers: object, url?: string): UpgradeRequest =>
    new KeptUpgrade({ url, headers } as unknown as ConstructorParameters<typeof KeptUpgrade>[0]).read();

  test.each([
    ['a=1; b=2', { a: '1', b: '2' }],
    ['a=1;b=2;', { a: '1', b: '2' }],
    ['a=1=2; b==', { a: '1=2', b: '=' }],
    ['a="1 2"; b="', { a: '1 2', b: '"' }],
    ['a=%C3%BC; b=%E0%A4%A; c=100%', { a: 'ü', b: '%E0%A4%A', c: '100%' }],
    ['a=1; a=2', { a: '1' }],
    ['a; =1; ; b=', { b: '' }],
    ['__proto__=x; constructor=y', JSON.parse('{"__proto__":"x","constructor":"y"}') as object],
    ['', {}],
  ])('the cookies of %j', (header, cookies) => {
    const { cookies: read1 } = read({ cookie: header });
    expect(Object.entries(read1)).toEqual(Object.entries(cookies));
  });

  test('takes no more memory than what was sent, whatever that is', () => {
    const kept = new KeptUpgrade({ url: '/a', headers: { quotes: '"\\'.repeat(5000), host: 'x' } } as never);
    expect((kept as unknown as { text: string }).text.length).toBeLessThan(10_050);
    expect(kept.read().headers.quotes).toBe('"\\'.repeat(5000));
  });

  test('has no header that is a part of another', () => {
    const { headers } = read({ folded: 'a\nauthorization\nb', host: 'x', empty: '' });
    expect({ ...headers }).toEqual({ folded: 'a authorization b', host: 'x', empty: '' });
  });

  test('has nothing but what was sent', () => {
    const request = read({ host: 'example.com', 'set-cookie': ['a=1', 'b=2'] }, '/a?b');
    const headers = { host: 'example.com', 'set-cookie': 'a=1,b=2' };
    expect(request).toEqual({ url: '/a?b', headers, cookies: {} });
    expect([request.headers.constructor, request.cookies.toString]).toEqual([undefined, undefined]);
  });
});
