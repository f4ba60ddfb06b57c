import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { Store } from '../model/store.js';
import type { Explorer } from '../state/explorer.js';

export const ExplorerContext = createContext<Explorer | undefined>(undefined);

/** The page's state. */
export function useExplorer(): Explorer {
  const explorer = useContext(ExplorerContext);
  if (!explorer) throw new Error('There is no explorer around this part of the page');
  return explorer;
}

/**
 * The value of a store; the part of the page is shown anew after each change.
 * @param everyMs at most so often: for what changes faster than people read
 */
export function useStore<T>(store: Store<T>, everyMs = 0): T {
  const [, setSeen] = useState<unknown>(store.value);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (): void => {
      timer = undefined;
      setSeen(() => store.value);
    };
    const changed = (): void => {
      if (everyMs === 0) show();
      else timer ??= setTimeout(show, everyMs);
    };
    // It may have changed since it was read.
    show();
    const unwatch = store.watch(changed);
    return () => {
      clearTimeout(timer);
      unwatch();
    };
  }, [store, everyMs]);
  return store.value;
}
