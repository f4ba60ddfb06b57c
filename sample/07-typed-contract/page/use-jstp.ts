import { useEffect, useState, useSyncExternalStore, type DependencyList } from 'react';
import type { PageClient } from 'nestjs-jstp/browser';

/**
 * The result of a call, and the state of the connection.
 * @param load makes the call
 * @param listen registers `reload` for the events after which the call is made again; returns what unregisters it
 * @param inputs what `load` and `listen` depend on
 */
export function useJstp<T>(
  client: PageClient,
  load: () => Promise<T>,
  listen: (reload: () => void) => () => void,
  inputs: DependencyList = [],
) {
  const [loaded, setLoaded] = useState<{ data?: T; error?: unknown }>({});
  const status = useSyncExternalStore(
    (changed) => client.on('status', changed),
    () => client.status,
  );
  useEffect(() => {
    let latest = 0;
    const reload = (): void => {
      const mine = ++latest;
      const isLatest = (): boolean => mine === latest;
      load().then(
        (data) => isLatest() && setLoaded({ data }),
        (error: unknown) => isLatest() && setLoaded((before) => ({ ...before, error })),
      );
    };
    const ends = [listen(reload), client.on('sessionLost', reload), () => ++latest];
    reload();
    return () => ends.forEach((end) => end());
  }, [client, ...inputs]);
  return { ...loaded, status };
}
