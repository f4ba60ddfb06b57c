import { connect as dialNet, type Socket } from 'node:net';
import { connect as dialTls, TLSSocket } from 'node:tls';
import { HOST, type Target, type TransportName } from '../conversation.js';

const ALL_EXTENSIONS = ",'',{attachments:1,bye:1,bytes:1,cancel:1,resume:1,source:1,stream:1}";
const NUL = '\0';
/** An attacker writes nothing more while so much waits in its own process. */
const CLOGGED_BYTES = 1024 * 1024;
const FINAL_TEXT = 0x81;
const FINAL_BINARY = 0x82;
const MASKED = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MAX_SHORT = 125;
const MAX_16 = 0xffff;
/** A mask of zeros leaves the bytes as they are. */
const NO_MASK = Buffer.alloc(4);

export interface PeerOptions {
  /** Whether it waits with the WebSocket's upgrade, the handshake of TLS and all else. @default false */
  readonly isBare?: boolean;
  /** Whether it reads nothing. @default false */
  readonly isDeaf?: boolean;
  readonly localAddress?: string;
  /** The address that a proxy tells of it, over TCP. @default it comes through none */
  readonly clientAddress?: string;
}

/** One connection of an attacker, which writes what no implementation would. */
export class Peer {
  isOver = false;
  /** Called with what has arrived. */
  onText: (text: string) => void = () => undefined;

  constructor(
    readonly socket: Socket,
    private readonly isWebSocket: boolean,
    private readonly onSent: (bytes: number) => void,
    isDeaf: boolean,
  ) {
    socket.on('error', () => undefined);
    socket.on('close', () => (this.isOver = true));
    socket.on('end', () => (this.isOver = true));
    if (isDeaf) socket.pause();
    else socket.on('data', (chunk: Buffer) => this.onText(chunk.toString('latin1')));
  }

  /** Whether more waits to be sent than an attacker of bounded memory would add to. */
  get isClogged(): boolean {
    return this.isOver || this.socket.writableLength > CLOGGED_BYTES;
  }

  /** Writes messages, each framed as the transport wants it. */
  send(...texts: string[]): void {
    if (this.isWebSocket)
      this.write(Buffer.concat(texts.map((text) => frame(FINAL_TEXT, Buffer.from(text)))));
    else this.write(texts.map((text) => text + NUL).join(''));
  }

  /**
   * Writes a message with bytes behind its text.
   * @param announced - how many bytes it says that it has, which need not be true
   */
  sendAttached(text: string, bytes: Buffer, announced = bytes.length): void {
    const header = Buffer.alloc(9, 1);
    header.writeUInt32BE(Buffer.byteLength(text), 1);
    header.writeUInt32BE(announced, 5);
    const message = Buffer.concat([header, Buffer.from(text), bytes]);
    this.write(this.isWebSocket ? frame(FINAL_BINARY, message) : message);
  }

  /** Writes bytes as they are. */
  write(bytes: Buffer | string): void {
    if (this.isClogged) return;
    this.onSent(bytes.length);
    this.socket.write(bytes);
  }

  /** Ends the connection, with a reset where that can be. */
  cut(): void {
    if (this.socket instanceof TLSSocket) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /** Logs in; what is sent behind it arrives behind it. */
  login(rest = ALL_EXTENSIONS): this {
    this.send(`{handshake:[0,'app'${rest}]}`);
    return this;
  }
}

/** Opens a connection: with the WebSocket's upgrade, whose answer it does not wait for. */
export function dial(
  transport: TransportName,
  target: Target,
  { isBare = false, isDeaf = false, localAddress = HOST, clientAddress }: PeerOptions,
  onSent: (bytes: number) => void,
): Peer {
  const place = {
    host: HOST,
    port: clientAddress === undefined ? target[transport] : target.proxied,
    localAddress,
  };
  const isSecured = transport === 'tls' && !isBare;
  const socket = isSecured
    ? dialTls({ ...place, rejectUnauthorized: false, checkServerIdentity: () => undefined })
    : dialNet({ ...place, allowHalfOpen: true });
  const isWebSocket = transport === 'ws' && !isBare;
  const peer = new Peer(socket, isWebSocket, onSent, isDeaf);
  if (isWebSocket) peer.write(UPGRADE);
  if (clientAddress !== undefined) peer.write(`PROXY TCP6 ${clientAddress} ::1 1000 2000\r\n`);
  return peer;
}

const UPGRADE = upgrade();

/** The request of a WebSocket. @param extensions lines of it that offer more */
export function upgrade(extensions: readonly string[] = []): string {
  return [
    'GET / HTTP/1.1',
    'Host: attacked',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: metarhia-jstp',
    ...extensions,
    '\r\n',
  ].join('\r\n');
}

/** A frame of a WebSocket, as clients mask it. @param head its first byte: whether it is the last one, and its kind */
export function frame(head: number, payload: Buffer): Buffer {
  const { length } = payload;
  let lengths: Buffer;
  if (length <= MAX_SHORT) lengths = Buffer.from([MASKED | length]);
  else if (length <= MAX_16) {
    lengths = Buffer.from([MASKED | LENGTH_16, 0, 0]);
    lengths.writeUInt16BE(length, 1);
  } else {
    lengths = Buffer.alloc(9);
    lengths[0] = MASKED | LENGTH_64;
    lengths.writeBigUInt64BE(BigInt(length), 1);
  }
  return Buffer.concat([Buffer.from([head]), lengths, NO_MASK, payload]);
}
