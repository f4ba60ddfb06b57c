/**
 * "Transports": the same handlers over TCP, TLS with a client's certificate, and the port of the application; and a
 * certificate that is renewed at a signal.
 */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { PeerCertificate } from 'node:tls';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { JstpClient, JstpServer, type JstpClientOptions } from 'nestjs-jstp';
import { firstValueFrom } from 'rxjs';
import { CertificateGuard } from './certificate.guard.js';
import { WhoModule } from './door.js';

const certificates = path.resolve(import.meta.dirname, '../../test/support/certificates');
const read = (name: string): Buffer => readFileSync(path.join(certificates, name));
// Where the block looks for them.
copyFileSync(path.join(certificates, 'server.key'), 'server.key');
copyFileSync(path.join(certificates, 'server.crt'), 'server.crt');
copyFileSync(path.join(certificates, 'ca.crt'), 'clients-ca.crt');
const { app, server } = await import('./transports.js');
const { renewAtSignal } = await import('./renewal.js');

const ca = read('ca.crt');
const secure = { transport: 'tls', host: '127.0.0.1', port: 4051 } as const;
const origin = 'https://example.com';
const clients: JstpClientOptions[] = [
  { host: '127.0.0.1', port: 4050 },
  { ...secure, connectOptions: { ca, cert: read('client.crt'), key: read('client.key') } },
  { url: 'ws://127.0.0.1:4052/jstp', connectOptions: { origin } },
];
for (const options of clients) {
  const client = new JstpClient(options);
  assert.equal(await firstValueFrom(client.send('sums.add', [1, 2])), 3);
  await client.close();
}
const strangers: JstpClientOptions[] = [
  { ...secure, connectOptions: { ca } },
  { url: 'ws://127.0.0.1:4052/jstp' },
];
for (const options of strangers) {
  const client = new JstpClient(options);
  await assert.rejects(client.connect());
  await client.close();
}

renewAtSignal(server);
copyFileSync(path.join(certificates, 'renewed.key'), 'server.key');
copyFileSync(path.join(certificates, 'renewed.crt'), 'server.crt');
const signalled = once(process, 'SIGHUP');
process.kill(process.pid, 'SIGHUP');
await signalled;
const client = new JstpClient(clients[1]);
const connection = await client.connect();
assert.equal((connection.getPeerCertificate() as PeerCertificate).subject.CN, 'renewed');
await client.close();
await app.close();

// "Guards": a certificate names the user.
const guarded = await NestFactory.createMicroservice<MicroserviceOptions>(WhoModule, {
  strategy: new JstpServer({
    ...secure,
    key: read('server.key'),
    cert: read('server.crt'),
    requestCert: true,
    ca,
    authPolicy: new CertificateGuard(),
  }),
});
await guarded.listen();
const ann = new JstpClient({
  ...secure,
  connectOptions: { ca, cert: read('client.crt'), key: read('client.key') },
});
assert.equal(await ann.call('default', 'who'), 'ann');
await ann.close();
await guarded.close();
