import { ignore } from '../../util/callback.js';

/** The part of the platform's WebSocket that is used, without the DOM's types. */
export interface BrowserWebSocket {
  binaryType: string;
  readonly protocol: string;
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code?: number): void;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: string | ArrayBuffer }) => void) | null;
  onerror: ((event: { readonly message?: string }) => void) | null;
  onclose: (() => void) | null;
}

interface Platform {
  readonly WebSocket?: new (url: string, protocol: string) => BrowserWebSocket;
  readonly TextDecoder: new (
    label: string,
    options: { fatal: boolean },
  ) => { decode(bytes: ArrayBuffer): string };
}

// Looked up at each use: a program may bring its own WebSocket.
const platform = globalThis as unknown as Platform;

/**
 * Opens one of the platform's WebSockets.
 * @throws what the platform throws for a bad URL
 */
export function openWebSocket(url: string, protocol: string): BrowserWebSocket {
  const { WebSocket } = platform;
  if (!WebSocket)
    throw new TypeError('There is no global WebSocket (in Node it is there from version 22 on)');
  const webSocket = new WebSocket(url, protocol);
  webSocket.binaryType = 'arraybuffer';
  // A WebSocket that the program brings (that of `ws`) throws the errors that nobody listens for.
  webSocket.onerror = ignore;
  return webSocket;
}

/** Forgets a WebSocket: nothing is heard of it any more. */
export function detachWebSocket(webSocket: BrowserWebSocket): void {
  webSocket.onopen = webSocket.onmessage = webSocket.onclose = null;
  webSocket.onerror = ignore;
}

/**
 * The text of UTF-8.
 * @throws TypeError for bytes that are none
 */
export function decodeUtf8(bytes: ArrayBuffer): string {
  return new platform.TextDecoder('utf-8', { fatal: true }).decode(bytes);
}
