#!/usr/bin/env node
import * as nodeModule from 'node:module';
import process from 'node:process';
import type { EndSignal } from './io.js';

/** What still holds the process then, as a terminal that is read, does so no longer. */
const LEFT_OPEN_MS = 500;

// Compiled code is kept between calls, which makes each start faster. Only newer Nodes have it.
(nodeModule as { enableCompileCache?: () => unknown }).enableCompileCache?.();
// Why: connections log no messages in production, and `--verbose` asks for them.
delete process.env['NODE_ENV'];

const { run } = await import('./run.js');
process.exitCode = await run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  onSignal(listener) {
    let count = 0;
    const heard = (signal: EndSignal): void => {
      // Who asks twice does not want to wait for a proper end.
      if (count++ > 0) process.exit(signal === 'SIGINT' ? 130 : 143);
      listener(signal);
    };
    process.on('SIGINT', heard).on('SIGTERM', heard);
    return () => process.off('SIGINT', heard).off('SIGTERM', heard);
  },
});
setTimeout(() => process.exit(), LEFT_OPEN_MS).unref();
