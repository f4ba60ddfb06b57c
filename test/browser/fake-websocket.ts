import { SUBPROTOCOL } from '../../lib/transport/websocket/subprotocol.js';

/** The platform's WebSocket in a test's hands: nothing happens but what the test says. */
export class FakeWebSocket {
  static readonly all: FakeWebSocket[] = [];

  binaryType = 'blob';
  protocol = SUBPROTOCOL;
  bufferedAmount = 0;
  readonly sent: (string | Uint8Array)[] = [];
  readonly closes: (number | undefined)[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string | ArrayBuffer }) => void) | null = null;
  onerror: ((event: { message?: string }) => void) | null = null;
  onclose: (() => void) | null = null;

  constructor(
    readonly url: string,
    readonly offered: string,
  ) {
    if (url === 'bad') throw new SyntaxError('Invalid URL: bad');
    FakeWebSocket.all.push(this);
  }

  send(message: string | Uint8Array): void {
    this.sent.push(message);
    this.bufferedAmount += message.length;
  }

  close(code?: number): void {
    this.closes.push(code);
  }

  /** Whether anything is listened for but errors, which nobody has to hear. */
  get isForgotten(): boolean {
    return this.onopen === null && this.onmessage === null && this.onclose === null;
  }
}
