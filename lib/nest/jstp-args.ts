/**
 * Several values at once. As the data of `send` and `emit` they are the arguments of the method or event; as a
 * handler's result they are the results. A plain array is one value, never several.
 *
 * @example client.send('rooms.send', JstpArgs.of('lobby', 'hello'))
 */
export class JstpArgs<Values extends readonly unknown[] = readonly unknown[]> {
  private constructor(
    /** The values, in order. */
    readonly values: Values,
  ) {}

  /** Makes arguments (or results) of values. */
  static of<Values extends readonly unknown[]>(...values: Values): JstpArgs<Values> {
    return new JstpArgs(values);
  }
}
