/** The option of a listener that refuses a connection. */
export type ListenerRule = 'proxyProtocol' | 'clientAddress';

/** The place of one connection among those that a server may have. */
export interface Admission {
  /** What counts as the client's address; undefined where that is not known, or does not count. */
  readonly network: string | undefined;
  /**
   * Notes whose the connection is, where that is known only now.
   * @param address the client's address
   * @returns the place that counts from now on; undefined: the address has too many, and the connection must be ended
   */
  identify(address: string): Admission | undefined;
  /** Notes that the connection has logged in, or has ended before. Called once. */
  settled(): void;
  /** Gives the place back. Called once, when the connection's socket is closed. */
  release(): void;
}
