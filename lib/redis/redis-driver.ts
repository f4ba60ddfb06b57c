/** A second connection, which listens to a channel. */
export interface SubscriberConnection {
  /** Connects where needed, and subscribes. Takes as long as Redis is away. */
  subscribe(channel: string, onMessage: (text: string) => void): Promise<unknown>;
  /** Ends the connection at once. */
  close(): void;
}

/** What a second connection tells of itself. */
export interface SubscriberListener {
  /** It has lost Redis, or did not reach it again. */
  failed(error: unknown): void;
  /** It is connected, and subscribed again to what it was subscribed to. */
  ready(): void;
}

/** What is used of a Redis client, whichever package it is of. */
export interface RedisDriver {
  eval(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  evalSha(sha1: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  publish(channel: string, message: string): Promise<unknown>;
  /** Makes a second connection like the first. It comes back by itself after each outage. */
  openSubscriber(listener: SubscriberListener): SubscriberConnection;
}

const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 2000;

/** How long to wait before the n-th attempt, from 0, to connect again. */
export function retryDelay(attempt: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempt, 10), MAX_RETRY_MS);
}
