import { describe, expect, test } from '@jest/globals';
import { Controller, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Ctx, MessagePattern } from '@nestjs/microservices';
import type { TLSSocket } from 'node:tls';
import {
  JstpClient,
  JstpContext,
  JstpServer,
  type Connection,
  type JstpClientOptions,
  type JstpServerOptions,
} from '../../../lib/index.js';
import {
  ca,
  clientPair,
  expiredClientPair,
  expiredServerPair,
  otherClientPair,
  renewedPair,
  serverPair,
} from '../../support/certificates.js';
import { LOOPBACK } from '../../support/ports.js';
import { waitFor, within } from '../../support/wait-for.js';
import { atEnd, startService, type Service } from './fixture.js';

/** Lets those in whose certificate names them. */
class CertificateGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const rpc = context.switchToRpc();
    const name = rpc.getContext<JstpContext>().getPeerCertificate()?.subject.CN;
    if (typeof name !== 'string') return false;
    rpc.getContext<JstpContext>().setUsername(name);
    return true;
  }
}

/** A handler's own guard. */
class AnnGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToRpc().getContext<JstpContext>().getPeerCertificate()?.subject.CN === 'ann';
  }
}

@Controller()
class WhoController {
  @MessagePattern('who')
  @UseGuards(AnnGuard)
  who(@Ctx() context: JstpContext): unknown[] {
    return [context.getUsername(), context.getPeerCertificate()?.subject.CN];
  }
}

const SECURE = ['tls', 'wss'] as const;

describe.each(SECURE)('certificates over %s', (transport) => {
  function start(options: Partial<JstpServerOptions> = {}): Promise<Service> {
    const all = { transport, ...serverPair, ...options } as JstpServerOptions;
    return startService({ controllers: [WhoController], options: all });
  }

  function clientOf(service: Service, connectOptions: object | (() => object)): JstpClient {
    const options: JstpClientOptions = {
      transport,
      host: LOOPBACK,
      port: service.port,
      connectOptions:
        typeof connectOptions === 'function' ? (connectOptions as () => object) : { ca, ...connectOptions },
      reconnect: false,
    };
    const client = new JstpClient(options);
    atEnd(() => client.close());
    return client;
  }

  const mutual = { requestCert: true, ca, authPolicy: new CertificateGuard() } as Partial<JstpServerOptions>;

  test('a client that renews its certificate shows the new one on its next line', async () => {
    const service = await start(mutual);
    const shown: object[] = [];
    let pair: object = expiredClientPair;
    const client = clientOf(service, async () => {
      await Promise.resolve();
      shown.push(pair);
      return { ca, ...pair };
    });
    await expect(within(client.call('default', 'who'), 'a refusal')).rejects.toBeDefined();
    pair = clientPair;
    expect(await within(client.call('default', 'who'), 'an answer')).toEqual(['ann', 'ann']);
    // A line that comes back for the session is a new dial, too.
    pair = { ...clientPair };
    const connection = await client.connect();
    const raw = connection.getTransport() as { destroy?(): void; terminate?(): void };
    raw.terminate?.();
    raw.destroy?.();
    await waitFor(() => !connection.handshakeDone, 'the cut');
    expect(await within(client.connect(), 'the resume')).toBe(connection);
    expect(await within(client.call('default', 'who'), 'an answer')).toEqual(['ann', 'ann']);
    expect(shown.slice(0, 2)).toEqual([expiredClientPair, clientPair]);
    expect(shown.at(-1)).toBe(pair);
  });

  test("a client's certificate names its user, to the guard and to handlers", async () => {
    const service = await start(mutual);
    const client = clientOf(service, clientPair);
    expect(await within(client.call('default', 'who'), 'an answer')).toEqual(['ann', 'ann']);
  });

  test.each([
    ['no certificate', {}],
    ['an expired one', expiredClientPair],
    ['one of another authority', otherClientPair],
  ])('a client with %s is refused, and others are served', async (_title, pair) => {
    const service = await start(mutual);
    await expect(within(clientOf(service, pair).connect(), 'a refusal')).rejects.toBeDefined();
    expect([...service.server.getClients()]).toHaveLength(0);
    const client = clientOf(service, clientPair);
    expect(await within(client.call('default', 'who'), 'an answer')).toEqual(['ann', 'ann']);
  });

  test('where the server only asks, the guard sees that there is none', async () => {
    const service = await start({ ...mutual, rejectUnauthorized: false });
    await expect(within(clientOf(service, {}).connect(), 'a refusal')).rejects.toMatchObject({ code: 11 });
  });

  test('a client refuses a server whose certificate is expired, or of an authority that it does not know', async () => {
    const expired = await start(expiredServerPair);
    const refused = clientOf(expired, {}).connect();
    await expect(within(refused, 'a refusal')).rejects.toMatchObject({ code: 'CERT_HAS_EXPIRED' });
    const good = await start();
    const stranger = clientOf(good, { ca: [] }).connect();
    await expect(within(stranger, 'a refusal')).rejects.toMatchObject({
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    });
  });

  test('certificates are renewed while the server runs: new clients see them, the others stay', async () => {
    const service = await start();
    const before = clientOf(service, {});
    const nameOf = async (client: JstpClient): Promise<unknown> => {
      const connection: Connection = await within(client.connect(), 'a connection');
      return (connection.getPeerCertificate() as ReturnType<TLSSocket['getPeerCertificate']>).subject.CN;
    };
    expect(await nameOf(before)).toBe('localhost');
    service.server.setSecureContext(renewedPair);
    expect(await nameOf(clientOf(service, {}))).toBe('renewed');
    expect(await nameOf(before)).toBe('localhost');
    expect(await within(before.inspect('default'), 'an answer')).toEqual(['who']);
  });

  test('a certificate that is none is an error at start', async () => {
    const server = new JstpServer({ transport, key: 'no', cert: 'no' });
    expect(await within(new Promise((resolve) => server.listen(resolve)), 'a start')).toMatchObject({
      message: expect.any(String),
    });
  });
});

test('without TLS there is no certificate, and none to renew', async () => {
  const service = await startService({ controllers: [WhoController] });
  const connection = await service.connect();
  expect(connection.getPeerCertificate()).toBeUndefined();
  await expect(connection.callMethod('default', 'who', [null])).rejects.toBeDefined();
  expect(() => service.server.setSecureContext(renewedPair)).toThrow('does not listen on TLS');
});
