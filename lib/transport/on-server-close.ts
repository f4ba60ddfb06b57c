import type { Server as HttpServer } from 'node:http';
import { overrideMethod } from './override-method.js';

/** What is overridden of a server. */
interface Closing {
  close: (callback?: (error?: Error) => void) => HttpServer;
}

/**
 * Runs something when the owner of a shared server closes it. Node tells nobody before the last socket is gone,
 * WebSockets included: whoever waits for the close (`app.close()` of a hybrid Nest application) would wait for ever.
 * @returns does it no longer
 */
export function onServerClose(servers: readonly HttpServer[], run: () => void): () => void {
  const stops = servers.map((server) => override(server, run));
  return () => {
    for (const stop of stops) stop();
  };
}

function override(server: Closing, run: () => void): () => boolean {
  const { close } = server;
  return overrideMethod(server, 'close', (callback) => {
    run();
    return close.call(server, callback);
  });
}
