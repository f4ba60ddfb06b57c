/**
 * What kind of flaw stopped the parser: text that is no MDSF, text that ends too early, nesting beyond
 * `maxDepth`, bytes that are no UTF-8.
 */
export type MdsfSyntaxErrorCode =
  'ERR_MDSF_SYNTAX' | 'ERR_MDSF_UNEXPECTED_END' | 'ERR_MDSF_DEPTH' | 'ERR_MDSF_ENCODING';

/** The text is no MDSF. */
export class MdsfSyntaxError extends SyntaxError {
  /** What kind of flaw it is. */
  readonly code: MdsfSyntaxErrorCode;

  /** Where: the offset in bytes, or in UTF-16 units where a string was parsed. */
  readonly position: number;

  /**
   * @param code - what kind of flaw it is
   * @param message - what was wrong, without the position
   * @param position - where
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
