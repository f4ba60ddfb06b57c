/*
 * What the server tells the page. Invariant: nothing is imported here, so that the page has these types without the
 * server.
 */

/** A way to log in, as far as the server tells it before a login. */
export interface OfferedHandshake {
  /** 'anonymous', 'login', one of the application's own, or '*' for all that are not listed. */
  readonly strategy: string;
  readonly description?: string | undefined;
  /** What the credentials consist of, as the arguments of a method are described. Absent: not known. */
  readonly credentials?: readonly unknown[] | undefined;
}

/** An application that the page offers before anybody has logged in. */
export interface OfferedApplication {
  /** The application's name, without a version. */
  readonly name: string;
  readonly version: string;
  readonly description?: string | undefined;
  /** How clients may log in. Absent: not known, and the page offers 'anonymous', 'login' and a field for others. */
  readonly handshakes?: readonly OfferedHandshake[] | undefined;
}

/**
 * The settings of the page: the JSON in the attribute `content` of `<meta name="explorer-settings">` in its index.html.
 * The page is served at a path that ends with a slash, and its files are named relative to it. No member is a secret.
 */
export interface ExplorerSettings {
  /**
   * The WebSocket listener of the server: a whole URL (`ws:` or `wss:`), or one relative to the page, with the page's host
   * and `ws:` or `wss:` as the page has `http:` or `https:`. null: there is none, or none was found.
   */
  readonly url: string | null;
  /** The version of this package. */
  readonly version: string;
  /** What the page calls itself. */
  readonly title: string;
  /** The applications that are served. Empty: a name is typed at the login. */
  readonly applications: readonly OfferedApplication[];
  /** Whether the server describes its applications, by `jstp.reflection`. Else names alone are known, by inspects. */
  readonly reflection: boolean;
  /** Whether the server may be administered, by `jstp.administration`. */
  readonly administration: boolean;
}

/** The name of the `<meta>` whose content is the {@link ExplorerSettings} as JSON. */
export const SETTINGS_META = 'explorer-settings';
