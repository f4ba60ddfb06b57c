/**
 * Several values at once: as data of `send` and `emit` they become the arguments of the method or event, as
 * a handler's result they become the results. A plain array is one value, never several.
 *
 * @example client.send('rooms.send', JstpArgs.of('lobby', 'hello'))
 */
export class JstpArgs<Values extends readonly unknown[] = readonly unknown[]> {
  private constructor(
    /** The values, in their order. */
    readonly values: Values,
  ) {}

  /** Makes the arguments (or results) of the values. */
  static of<Values extends readonly unknown[]>(...values: Values): JstpArgs<Values> {
    return new JstpArgs(values);
  }
}
