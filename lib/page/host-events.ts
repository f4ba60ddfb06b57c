/** What the host of a page tells, as far as it has such events. */
export interface HostListener {
  /** The network is back, or the page is seen, or runs again: what was throttled or frozen may be out of date. */
  wake(): void;
  /** The network is said to be gone. */
  doubt(): void;
  /** The page may be kept as it is for a way back to it: a connection that is up would prevent that. */
  suspend(): void;
  /** The page is left for good. */
  leave(): void;
}

interface EventSource {
  addEventListener(type: string, listener: (event: { readonly persisted?: boolean }) => void): void;
  removeEventListener(type: string, listener: (event: { readonly persisted?: boolean }) => void): void;
}

interface PageHost extends Partial<EventSource> {
  readonly document?: Partial<EventSource> & { readonly visibilityState?: string };
}

// Read at each use, as tests replace it.
const host = globalThis as unknown as PageHost;

/**
 * Listens to the events by which a browser tells of the network and of the page's life. Hosts that have none (Node, React
 * Native, workers) are left in peace.
 * @returns ends that
 */
export function listenToHost(listener: HostListener): () => void {
  const ends: (() => void)[] = [];
  const listen = (source: object | undefined, handlers: Handlers): void => {
    if (!isEventSource(source)) return;
    for (const [type, handler] of Object.entries(handlers)) {
      source.addEventListener(type, handler);
      ends.push(() => {
        source.removeEventListener(type, handler);
      });
    }
  };
  const wake = (): void => {
    listener.wake();
  };
  listen(host, {
    online: wake,
    offline: () => {
      listener.doubt();
    },
    pageshow: ({ persisted }) => {
      if (persisted) wake();
    },
    pagehide: ({ persisted }) => {
      if (persisted) listener.suspend();
      else listener.leave();
    },
  });
  listen(host.document, {
    visibilitychange: () => {
      if (host.document?.visibilityState !== 'hidden') wake();
    },
    resume: wake,
  });
  return () => {
    for (const end of ends) end();
  };
}

type Handlers = Readonly<Record<string, (event: { readonly persisted?: boolean }) => void>>;

function isEventSource(source: object | undefined): source is EventSource {
  return typeof (source as Partial<EventSource> | undefined)?.addEventListener === 'function';
}
