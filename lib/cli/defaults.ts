/*
 * Defaults of options, which the help tells and the commands use.
 */
export const BENCH_DURATION = '5s';
export const BENCH_CONCURRENCY = 16;
export const PING_COUNT = 4;
export const PING_INTERVAL = '1s';
export const LISTEN_HEARTBEAT = '15s';
/** Where the tap listens: at a free port. */
export const TAP_LISTEN = 'jstp://127.0.0.1:0';
