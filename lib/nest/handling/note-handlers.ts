import { JstpContext, type JstpMessage } from '../jstp-context.js';

/** Runs a handler within its interceptors: the part of Nest's `InterceptorsConsumer` that is used here. */
export interface InterceptorsRunner {
  intercept(
    interceptors: readonly unknown[] | undefined,
    args: readonly unknown[],
    instance: unknown,
    callback: unknown,
    next: () => Promise<unknown>,
    type?: string,
  ): Promise<unknown>;
}

const noted = new WeakSet<InterceptorsRunner>();

/**
 * Notes for each call when its handler ends. Why: Nest makes an Observable of a handler that has interceptors, and drops
 * the handler's Promise where nobody waits for the call any more. The handler runs on, and must still be counted.
 */
export function noteHandlers(runner: InterceptorsRunner | undefined): void {
  if (!runner || noted.has(runner)) return;
  noted.add(runner);
  const intercept = runner.intercept.bind(runner);
  runner.intercept = (interceptors, args, instance, callback, next, type) => {
    const message = messageOf(args);
    if (!message?.runsUntil) return intercept(interceptors, args, instance, callback, next, type);
    const run = (): Promise<unknown> => {
      const running = next();
      message.runsUntil?.(running);
      return running;
    };
    return intercept(interceptors, args, instance, callback, run, type);
  };
}

function messageOf(args: readonly unknown[]): JstpMessage | undefined {
  const context = args.at(-1);
  return context instanceof JstpContext ? context.getArgs()[2] : undefined;
}
