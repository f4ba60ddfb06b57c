import { isIPv4, isIPv6, SocketAddress, type Socket } from 'node:net';
import { ignore } from '../../util/callback.js';

/*
 * The header of the PROXY protocol, versions 1 and 2: https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt
 */

const V1_PREFIX = Buffer.from('PROXY ');
/** The longest header of version 1, with its end of line. */
const V1_MAX_BYTES = 107;
const V2_PREFIX = Buffer.from('\r\n\r\n\0\r\nQUIT\n');
/** The prefix, version and command, family, and length. */
const V2_FIXED_BYTES = 16;
/** The longest rest of a header of version 2. Why: more than what proxies send along, and little memory for a stranger. */
const V2_MAX_REST_BYTES = 4096;
const V2_LOCAL = 0x20;
const V2_PROXY = 0x21;
const V2_TCP4 = 0x11;
const V2_TCP6 = 0x21;
const PORTS_BYTES = 4;

/** A header that was read. */
export interface ProxyHeader {
  /** How many bytes it has. */
  readonly length: number;
  /** The client's address; undefined where the proxy speaks for itself, or knows none. */
  readonly address: string | undefined;
}

/**
 * Reads the header at the beginning of what a proxy has sent.
 * @returns 'more' where it has not arrived as a whole, 'bad' where it is none
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | 'more' | 'bad' {
  if (beginsLike(bytes, V1_PREFIX)) return bytes.length < V1_PREFIX.length ? 'more' : parseVersion1(bytes);
  if (beginsLike(bytes, V2_PREFIX)) return bytes.length < V2_FIXED_BYTES ? 'more' : parseVersion2(bytes);
  return 'bad';
}

/**
 * Reads a socket's header, and leaves what follows to be read by others. Does not call back for a socket that ends
 * before.
 * @param done called once, with the header, or undefined where there is none
 */
export function readProxyHeader(socket: Socket, done: (header: ProxyHeader | undefined) => void): void {
  let bytes: Buffer = Buffer.alloc(0);
  const onReadable = (): void => {
    for (let chunk = read(socket); chunk; chunk = read(socket)) bytes = Buffer.concat([bytes, chunk]);
    const header = parseProxyHeader(bytes);
    if (header === 'more') return;
    socket.off('readable', onReadable).off('end', onEnd);
    if (header !== 'bad' && bytes.length > header.length) socket.unshift(bytes.subarray(header.length));
    // Why later: until then the stream does not flow for a listener of 'data'.
    process.nextTick(() => {
      socket.off('error', ignore);
      if (!socket.destroyed) done(header === 'bad' ? undefined : header);
    });
  };
  const onEnd = (): void => {
    socket.destroy();
  };
  socket.on('error', ignore).on('end', onEnd).on('readable', onReadable);
}

function read(socket: Socket): Buffer | null {
  return socket.read() as Buffer | null;
}

/** Whether bytes are a prefix, or the beginning of it. */
function beginsLike(bytes: Buffer, prefix: Buffer): boolean {
  const length = Math.min(bytes.length, prefix.length);
  return bytes.compare(prefix, 0, length, 0, length) === 0;
}

function parseVersion1(bytes: Buffer): ProxyHeader | 'more' | 'bad' {
  const end = bytes.subarray(0, V1_MAX_BYTES).indexOf('\r\n');
  if (end === -1) return bytes.length < V1_MAX_BYTES ? 'more' : 'bad';
  const [, family, address = '', target = ''] = bytes.toString('latin1', 0, end).split(' ');
  const length = end + 2;
  if (family === 'UNKNOWN') return { length, address: undefined };
  const isOfFamily = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : () => false;
  return isOfFamily(address) && isOfFamily(target) ? { length, address } : 'bad';
}

function parseVersion2(bytes: Buffer): ProxyHeader | 'more' | 'bad' {
  const command = bytes[12];
  const family = bytes[13];
  const rest = bytes.readUInt16BE(14);
  const length = V2_FIXED_BYTES + rest;
  if (rest > V2_MAX_REST_BYTES || (command !== V2_LOCAL && command !== V2_PROXY)) return 'bad';
  if (bytes.length < length) return 'more';
  const addressBytes = family === V2_TCP4 ? 4 : family === V2_TCP6 ? 16 : 0;
  if (command === V2_LOCAL || addressBytes === 0) return { length, address: undefined };
  if (rest < 2 * addressBytes + PORTS_BYTES) return 'bad';
  const address = bytes.subarray(V2_FIXED_BYTES, V2_FIXED_BYTES + addressBytes);
  return { length, address: addressBytes === 4 ? address.join('.') : ipv6Of(address) };
}

function ipv6Of(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
