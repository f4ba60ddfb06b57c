import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A certificate and its key, as Node's TLS options take them. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

const folder = path.join(import.meta.dirname, 'certificates');
const read = (file: string): string => readFileSync(path.join(folder, file), 'utf8');
const pair = (name: string): KeyPair => ({ key: read(`${name}.key`), cert: read(`${name}.crt`) });

/** See certificates/README.md. */
export const ca = read('ca.crt');
export const serverPair = pair('server');
export const renewedPair = pair('renewed');
export const clientPair = pair('client');
export const otherClientPair = pair('other-client');
export const expiredServerPair = pair('expired-server');
export const expiredClientPair = pair('expired-client');
