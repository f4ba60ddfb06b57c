/** Who serves: this package, or Nest's own TCP transport as a control. */
export type Protocol = 'jstp' | 'tcp';

/** How a server is to be; the argument of its process, as JSON. */
export interface ServerSettings {
  readonly protocol: Protocol;
  readonly port: number;
  readonly recordFile: string;
}

/** How many values a stream has. */
export const STREAM_VALUES = 10;
