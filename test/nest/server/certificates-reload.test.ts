import { expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { Logger } from '@nestjs/common';
import { JstpClient } from '../../../lib/index.js';
import { bundleProgram, startProgram } from '../../support/bundled-program.js';
import {
  ca,
  clientPair,
  expiredClientPair,
  renewedPair,
  serverPair,
  type KeyPair,
} from '../../support/certificates.js';
import { Closing } from '../../support/closing.js';
import { LOOPBACK } from '../../support/ports.js';
import { within } from '../../support/wait-for.js';
import { atEnd } from './fixture.js';

Logger.overrideLogger(false);

/** A folder with certificates that change, as something like certbot leaves them. */
class Certificates {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'jstp-certificates-'));

  constructor() {
    atEnd(() => rmSync(this.folder, { recursive: true }));
    this.write('ca.crt', ca);
  }

  write(file: string, text: string): void {
    writeFileSync(path.join(this.folder, file), text);
  }

  writePair(name: string, { key, cert }: KeyPair): void {
    this.write(`${name}.key`, key);
    this.write(`${name}.crt`, cert);
  }

  /** What a client's `connectOptions` returns, at each dial anew. */
  readonly ofClient = () => {
    const read = (file: string): string => readFileSync(path.join(this.folder, file), 'utf8');
    return { ca: read('ca.crt'), key: read('client.key'), cert: read('client.crt') };
  };
}

const serverOf = async (client: JstpClient): Promise<unknown> => {
  const connection = await within(client.connect(), 'a connection');
  return (connection.getPeerCertificate() as ReturnType<TLSSocket['getPeerCertificate']>).subject.CN;
};
const serialOf = ({ cert }: KeyPair): string => new X509Certificate(cert).serialNumber;
const serialSeen = (client: JstpClient): Promise<unknown> =>
  within(client.call('who', 'serial', null), 'an answer');

test('certificates of a server and a client in two processes change while both run', async () => {
  const files = new Certificates();
  files.writePair('server', serverPair);
  files.writePair('client', clientPair);
  const closing = new Closing();
  atEnd(() => closing.run());
  const program = await bundleProgram({ file: 'test/nest/server/certificates-program.ts' }, closing);
  const child = startProgram(program, [files.folder], closing);
  const told = async (): Promise<unknown> =>
    ((await within(once(child, 'message'), 'a word')) as [unknown])[0];
  const port = (await told()) as number;
  const renew = (): Promise<unknown> => {
    const word = told();
    child.kill('SIGHUP');
    return word;
  };
  const clientOf = (): JstpClient => {
    const client = new JstpClient({
      transport: 'tls',
      host: LOOPBACK,
      port,
      connectOptions: files.ofClient,
      reconnect: false,
    });
    closing.add(() => client.close());
    return client;
  };

  const before = clientOf();
  expect([await serverOf(before), await serialSeen(before)]).toEqual(['localhost', serialOf(clientPair)]);

  // A pair that does not fit leaves the one before in force.
  files.write('server.key', renewedPair.key);
  expect(await renew()).toBe('kept');
  expect(await serverOf(clientOf())).toBe('localhost');

  files.writePair('server', renewedPair);
  expect(await renew()).toBe('renewed');
  // The authority of the clients is still asked for, and who was connected stays.
  files.writePair('client', expiredClientPair);
  await expect(within(clientOf().call('who', 'serial', null), 'a refusal')).rejects.toBeDefined();
  files.writePair('client', clientPair);
  expect(await serverOf(clientOf())).toBe('renewed');
  expect([await serverOf(before), await serialSeen(before)]).toEqual(['localhost', serialOf(clientPair)]);

  // The client's next dial reads the new files by itself.
  await before.close();
  expect([await serverOf(before), await serialSeen(before)]).toEqual(['renewed', serialOf(clientPair)]);
});
