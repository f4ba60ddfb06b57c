type Run = () => void;

// Not everywhere. Why: some engines that are no browser's have none.
const registry =
  typeof FinalizationRegistry === 'function'
    ? new FinalizationRegistry<Run>((run) => {
        run();
      })
    : undefined;

/**
 * Runs a function some time after the last reference to an object has gone.
 * Invariant: the function refers to neither the object nor anything that does.
 */
export function whenUnreachable(object: object, run: Run): void {
  registry?.register(object, run, object);
}

/** Undoes {@link whenUnreachable}. */
export function forgetUnreachable(object: object): void {
  registry?.unregister(object);
}
