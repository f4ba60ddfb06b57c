/**
 * Why a text cannot be read: it is no MDSF, ends too early, is nested deeper than `maxDepth`, has more than `maxValues`
 * values, or its bytes are no UTF-8.
 */
export type MdsfSyntaxErrorCode =
  'ERR_MDSF_SYNTAX' | 'ERR_MDSF_UNEXPECTED_END' | 'ERR_MDSF_DEPTH' | 'ERR_MDSF_VALUES' | 'ERR_MDSF_ENCODING';

/** The text is no MDSF. */
export class MdsfSyntaxError extends SyntaxError {
  /** Why the text cannot be read. */
  readonly code: MdsfSyntaxErrorCode;

  /** The position of the error: in bytes, or in UTF-16 units where a string was parsed. */
  readonly position: number;

  /**
   * @param code - why the text cannot be read
   * @param message - the reason as a text, without the position
   * @param position - where the error is
   */
  constructor(code: MdsfSyntaxErrorCode, message: string, position: number) {
    super(`${message} at position ${position}`);
    this.code = code;
    this.position = position;
  }

  /** The class's name, as the stack shows it. */
  override get name(): string {
    return 'MdsfSyntaxError';
  }
}
