/** A second connection to Redis, which listens to a channel. */
export interface SubscriberConnection {
  /** Connects where needed, and subscribes. Waits for as long as Redis cannot be reached. */
  subscribe(channel: string, onMessage: (text: string) => void): Promise<unknown>;
  /** Ends the connection at once. */
  close(): void;
}

/** Gets the state of a second connection. */
export interface SubscriberListener {
  /** The connection is lost, or could not be made again. */
  failed(error: unknown): void;
  /** The connection is there, and has subscribed again to what it was subscribed to before. */
  ready(): void;
}

/** Drives a client of Redis, of whichever package it is. */
export interface RedisDriver {
  /** Runs the text of a script. */
  eval(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** Runs a script that Redis knows already, by its SHA-1; rejects with NOSCRIPT where Redis does not know it. */
  evalSha(sha1: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** Publishes a message on a channel. */
  publish(channel: string, message: string): Promise<unknown>;
  /** Makes a second connection like the first. It reconnects by itself after each outage. */
  openSubscriber(listener: SubscriberListener): SubscriberConnection;
}

const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 2000;

/** Returns how long to wait before an attempt to connect again, in milliseconds. @param attempt counts from 0 */
export function retryDelay(attempt: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** attempt, MAX_RETRY_MS);
}
