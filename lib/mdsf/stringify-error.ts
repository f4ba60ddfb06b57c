/** Why a value has no text: it contains itself, is nested beyond `maxDepth`, or has a bigint. */
export type MdsfStringifyErrorCode = 'ERR_MDSF_CYCLE' | 'ERR_MDSF_DEPTH' | 'ERR_MDSF_BIGINT';

/** The value cannot be written as MDSF. */
export class MdsfStringifyError extends TypeError {
  /** Why. */
  readonly code: MdsfStringifyErrorCode;

  /**
   * @param code - why
   * @param message - the same for people
   */
  constructor(code: MdsfStringifyErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** The class's name, as the stack shows it. */
  override get name(): string {
    return 'MdsfStringifyError';
  }
}
