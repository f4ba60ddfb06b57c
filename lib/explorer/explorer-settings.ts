/** An application that the page offers before anybody has logged in. */
export interface OfferedApplication {
  readonly name: string;
  readonly version: string;
  readonly description?: string | undefined;
  /**
   * How clients may log in: 'anonymous', 'login', own strategies. Absent: not known, and the page offers all of these.
   */
  readonly handshakes?:
    | readonly {
        readonly strategy: string;
        readonly description?: string | undefined;
        /** What the credentials consist of, as the arguments of a method are described. */
        readonly credentials?: readonly unknown[] | undefined;
      }[]
    | undefined;
}

/**
 * What the server tells the page: the JSON of `settings.json` in the page's folder. The page is served at a path that ends
 * with a slash, as its files are named relative to it.
 */
export interface ExplorerSettings {
  /** The WebSocket listener: a whole URL, or one relative to the page. */
  readonly url: string;
  /** The version of this package. */
  readonly version: string;
  /** The applications that are served. Empty: a name is typed at the login. */
  readonly applications: readonly OfferedApplication[];
}
