import { loadNativeMasking } from './masking.js';

type Ws = Pick<typeof import('ws'), 'WebSocket' | 'WebSocketServer'>;

let loading: Promise<Ws> | undefined;
let loaded: Ws | undefined;

/** The package `ws`, once it is loaded. */
export function loadedWs(): Ws | undefined {
  return loaded;
}

/**
 * Loads the package `ws`, with the first WebSocket. Why not before: it loads all of Node's HTTP and compression, which takes
 * longer than this package does.
 */
export function loadWs(): Promise<Ws> {
  return (loading ??= Promise.all([import('ws'), loadNativeMasking()]).then(([ws]) => (loaded = ws)));
}
