import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { ConnectionOptions } from 'node:tls';

// Types of `ws` stay out of here: these declarations are the user's, who may not have them.

/** What a WebSocket listener may be told; the names are those that the reference's users know, and a few more. */
export interface WebSocketServerOptions {
  /** Origins that are let in; a peer that names none (no browser) is not. @default all, and none */
  readonly allowedOrigins?: readonly string[];
  /**
   * Decides on an origin; where there is a list, on those in it. Only `true`, or a Promise of it, is a yes. While it
   * decides, the time for the handshake runs. @default all are let in
   */
  readonly originCheckStrategy?: (origin: string | undefined) => boolean | Promise<boolean>;
  /** The path that is served, as '/jstp'. @default every path of a server of its own, '/' of a shared one */
  readonly path?: string;
}

/** A server of HTTP to share, in the place of one of its own. */
export interface SharedHttpServer {
  /** As `app.getHttpServer()` of a Nest application gives it. It listens and closes at its owner's word. */
  readonly server?: HttpServer | HttpsServer;
}

/** The names of what a WebSocket listener may be told, besides Node's. */
export const WEB_SOCKET_NAMES = Object.keys({
  allowedOrigins: true,
  originCheckStrategy: true,
  path: true,
  server: true,
} satisfies Record<keyof (WebSocketServerOptions & SharedHttpServer), true>);

/** How a client opens a WebSocket: options of the WebSocket of `ws`, those of TLS among them. */
export interface WebSocketConfig extends ConnectionOptions {
  /** TLS options, where the reference has them. */
  readonly tlsOptions?: ConnectionOptions;
  /** Headers of the upgrade. */
  readonly headers?: Record<string, string>;
  /** The origin that is named to the server. @default none */
  readonly origin?: string;
  /** Whether redirects are followed. @default false */
  readonly followRedirects?: boolean;
}
