import { ignore } from '../../util/callback.js';

/** The part of the platform's WebSocket that this package uses, without the DOM's types. */
export interface BrowserWebSocket {
  binaryType: string;
  readonly protocol: string;
  readonly bufferedAmount: number;
  send(message: string | Uint8Array): void;
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
  ) => { decode(bytes: ArrayBuffer | Uint8Array): string };
  readonly TextEncoder: new () => { encode(text: string): Uint8Array };
}

// Read at each use: a program may set a WebSocket of its own.
const platform = globalThis as unknown as Platform;

/**
 * Opens a WebSocket of the platform.
 * @throws {TypeError} where the platform has none; what the platform throws for a bad URL
 */
export function openWebSocket(url: string, protocol: string): BrowserWebSocket {
  const { WebSocket } = platform;
  if (!WebSocket)
    throw new TypeError('There is no global WebSocket (in Node it is there from version 22 on)');
  const webSocket = new WebSocket(url, protocol);
  webSocket.binaryType = 'arraybuffer';
  // A WebSocket that the program brings (that of `ws`) throws errors that nobody listens for.
  webSocket.onerror = ignore;
  return webSocket;
}

/** Removes all listeners of a WebSocket. */
export function detachWebSocket(webSocket: BrowserWebSocket): void {
  webSocket.onopen = webSocket.onmessage = webSocket.onclose = null;
  webSocket.onerror = ignore;
}

/**
 * Decodes UTF-8.
 * @throws {TypeError} for bytes that are no UTF-8
 */
export function decodeUtf8(bytes: ArrayBuffer | Uint8Array): string {
  return new platform.TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

/** Encodes a text as UTF-8. */
export function encodeUtf8(text: string): Uint8Array {
  return new platform.TextEncoder().encode(text);
}
