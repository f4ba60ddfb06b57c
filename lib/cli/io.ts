import type { Readable, Writable } from 'node:stream';

/** A stream that is read from, perhaps a terminal. */
export type InputStream = Readable & {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
};

/** A stream that is written to, perhaps a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** A signal that ends a command. */
export type EndSignal = 'SIGINT' | 'SIGTERM';

/** What a command uses of its process. */
export interface CliIo {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Listens for signals. @returns ends that */
  onSignal(listener: (signal: EndSignal) => void): () => void;
}
