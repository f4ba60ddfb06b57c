/**
 * A peer sent more values than a function can have arguments: the stack would overflow. A Promise gets them as one
 * array. The `code` is `'ERR_JSTP_TOO_MANY_VALUES'`.
 */
export class TooManyValuesError extends RangeError {
  /** Always `'ERR_JSTP_TOO_MANY_VALUES'`. */
  readonly code = 'ERR_JSTP_TOO_MANY_VALUES';

  /** @param count how many values there are */
  constructor(count: number) {
    super(
      `${count} values are too many for the arguments of a callback: leave it out, and a Promise gets their array`,
    );
  }

  /** The class's name, as the stack shows it. */
  override get name(): string {
    return 'TooManyValuesError';
  }
}
