import type { Server as HttpServer } from 'node:http';
import { overrideMethod } from './override-method.js';

/** The method of a server that is overridden. */
interface Closing {
  close: (callback?: (error?: Error) => void) => HttpServer;
}

/**
 * Calls back when the owner of a shared server closes it.
 *
 * Why the method is overridden: Node emits 'close' only after the last socket, WebSockets included, is closed. An owner
 * that awaits the close (`app.close()` of a hybrid Nest application) would wait for ever.
 * @returns a function that stops watching
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
