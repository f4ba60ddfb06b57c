import { runInThisContext } from 'node:vm';

/** Jest gives tests a copy of `process`, whose listeners nobody calls; this is the one that Node uses. */
const realProcess = runInThisContext('process') as NodeJS.Process;

/** What would have ended the process, had nobody listened. */
export interface ProcessWatch {
  readonly failures: readonly unknown[];
  stop(): void;
}

/** Collects uncaught exceptions and unhandled rejections from now on. */
export function watchProcess(): ProcessWatch {
  const failures: unknown[] = [];
  const note = (error: unknown): void => {
    failures.push(error);
  };
  realProcess.on('uncaughtException', note);
  realProcess.on('unhandledRejection', note);
  return {
    failures,
    stop() {
      realProcess.off('uncaughtException', note);
      realProcess.off('unhandledRejection', note);
    },
  };
}
