/** Something that is observed from its beginning to its end. */
export interface Observation {
  /** Runs it, in the async context that observers have set up for it; called once, before {@link end} or without one. */
  run<T>(run: () => T): T;
  /** A text was sent for it, before its {@link end}. */
  sent(text: string): void;
  /**
   * It has ended. The first end counts.
   * @param code how: 0 for success, else the error's code
   * @param error why it failed
   */
  end(code: number | string, error?: unknown): void;
}
