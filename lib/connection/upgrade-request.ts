/** The HTTP request by which a client opened its WebSocket. */
export interface UpgradeRequest {
  /** The path with its query, as the client sent it: '/jstp?lang=de'. */
  readonly url: string;
  /**
   * The headers by their names in lower case, as Node's `request.headers` has them: what came several times is joined.
   * The object has no prototype, so that no name finds anything but a header.
   */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /**
   * The cookies of the header `cookie`, by name. Percent-encoding and quotes around a value are taken off, a value that
   * cannot be decoded stays as it is. Of several cookies of one name the first counts, as the browser sends the one of
   * the longest path first. The object has no prototype.
   */
  readonly cookies: Readonly<Record<string, string | undefined>>;
}

/** A request that a transport keeps. */
export interface KeptRequest {
  /** Makes the request anew. */
  read(): UpgradeRequest;
}
