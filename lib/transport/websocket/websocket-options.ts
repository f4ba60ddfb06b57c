import { END_TIMEOUT_MS, type Limits } from '../../protocol/limits.js';
import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { ConnectionOptions } from 'node:tls';

// Invariant: no types of `ws` in this file. Its declarations are part of the API, and users may not have those types.

/**
 * The most fragments of one message. Why so few: `ws` keeps an object of 130 bytes for each, also for one of a single byte,
 * and 512 KiB of each, as this package writes, are the largest message that there may be.
 */
export const MAX_FRAGMENTS = 1024;

/** Options of a WebSocket listener. The reference has the first two under the same names. */
export interface WebSocketServerOptions {
  /** Origins that are let in; a peer that names none, which no browser does, is refused then. @default all origins, and peers without one */
  readonly allowedOrigins?: readonly string[];
  /**
   * Decides whether an origin is let in; with `allowedOrigins`, only origins of that list come here. Only `true`, or a
   * Promise of it, is a yes; throwing is a no. `limits.handshakeTimeoutMs` runs meanwhile. @default all are let in
   */
  readonly originCheckStrategy?: (origin: string | undefined) => boolean | Promise<boolean>;
  /** The URL path that is served, such as '/jstp'. @default every path of an own server, '/' of a shared one */
  readonly path?: string;
}

/** The option to share an HTTP server in the place of making one. */
export interface SharedHttpServer {
  /** The HTTP server, as `app.getHttpServer()` of a Nest application gives it. Its owner starts and closes it. @default a server is made */
  readonly server?: HttpServer | HttpsServer;
}

/** The names of the options of a WebSocket listener, without those of Node. */
export const WEB_SOCKET_NAMES = Object.keys({
  allowedOrigins: true,
  originCheckStrategy: true,
  path: true,
  server: true,
} satisfies Record<keyof (WebSocketServerOptions & SharedHttpServer), true>);

/** How a client opens a WebSocket: options of the WebSocket of `ws`, with those of TLS. */
export interface WebSocketConfig extends ConnectionOptions {
  /** Options of TLS, at the place where the reference has them. */
  readonly tlsOptions?: ConnectionOptions;
  /** Headers of the upgrade request. @default none */
  readonly headers?: Record<string, string>;
  /** The origin that the server is told. @default none */
  readonly origin?: string;
  /** Whether HTTP redirects are followed. @default false */
  readonly followRedirects?: boolean;
}

/**
 * How long `ws` waits for the end of a socket whose WebSocket was closed. Why not its own 30 seconds: so long a peer would be
 * read that has closed it and goes on sending. Why not by its name where it is used: the declarations of `ws` lack it.
 */
export const CLOSE_TIMEOUT: object = { closeTimeout: END_TIMEOUT_MS };

/** More than come in one piece of what is read, each behind a message of its own, which `maxPingBurst` does not count. */
const PENDING_PONGS_AT_LEAST = 4096;

/** `ws` takes the number as 32 bits: a larger one would be another one, or none. */
const MAX_INT32 = 2 ** 31 - 1;

/**
 * How many pongs `ws` lets wait. Why not its own 60: it ends a connection with more without a word, and `maxPingBurst` allows
 * more pings at once.
 */
export function pongLimit({ maxPingBurst }: Pick<Limits, 'maxPingBurst'>): object {
  // 0: as many as the socket may have waiting.
  if (maxPingBurst === Infinity) return { maxPendingAutoPongs: 0 };
  return { maxPendingAutoPongs: Math.min(Math.max(maxPingBurst, PENDING_PONGS_AT_LEAST), MAX_INT32) };
}
