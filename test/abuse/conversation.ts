/*
 * What the processes of `npm run test:abuse` tell each other, by Node's IPC.
 */
import type { ServerUsage } from '../../lib/core.js';

/** The ports of the server on 127.0.0.1. */
export interface Target {
  readonly net: number;
  readonly tls: number;
  readonly ws: number;
  /** Of TCP behind a proxy, which tells the clients' addresses by the PROXY protocol. */
  readonly proxied: number;
}

export type TransportName = 'net' | 'tls' | 'ws';

export const TRANSPORTS: readonly TransportName[] = ['net', 'tls', 'ws'];
export const HOST = '127.0.0.1';

/** The state of the server, told ten times a second. */
export interface ServerSample {
  readonly kind: 'sample';
  /** CPU time that the process has used, in milliseconds. */
  readonly cpuMs: number;
  /** The resident set of the process, in bytes. */
  readonly rss: number;
  /** Connections that a limit has refused. */
  readonly refused: number;
  /** Connections that ended by an error: what they sent was wrong or too much, or they were cut. */
  readonly failed: number;
  /** Handshakes that were refused, or not done in time. */
  readonly turnedAway: number;
  /** Lines of the server's log. */
  readonly logLines: number;
  readonly usage: ServerUsage;
}

export interface ServerListens {
  readonly kind: 'listens';
  readonly target: Target;
}

export type FromServer = ServerSample | ServerListens;

/** What the good client has seen since it was asked last. */
export interface ClientReport {
  readonly kind: 'report';
  /** How long each call took, in milliseconds. */
  readonly calls: readonly number[];
  /** How long each new login with a call took, in milliseconds. */
  readonly logins: readonly number[];
  /** What went wrong. */
  readonly errors: readonly string[];
}

export type ToClient = { readonly kind: 'begin'; readonly target: Target } | { readonly kind: 'tell' };
export type FromClient = { readonly kind: 'ready' } | ClientReport;

/** What an attacker has done since it began. */
export interface AttackReport {
  readonly kind: 'attacked';
  readonly opened: number;
  readonly closed: number;
  readonly sentBytes: number;
}

export type ToAttacker =
  | {
      readonly kind: 'begin';
      readonly target: Target;
      readonly seed: number;
      /** What part of its load it has, from 0 to 1. */
      readonly share: number;
    }
  | { readonly kind: 'stop' };
export type FromAttacker = { readonly kind: 'ready' } | AttackReport;

/** Says something to the process that has started this one. */
export function say(message: FromServer | FromClient | FromAttacker): void {
  process.send?.(message);
}

/** Ends this process as soon as the one that has started it is gone. */
export function endWithParent(): void {
  process.on('disconnect', () => {
    process.exit();
  });
}
