/**
 * Why a value cannot be written: it contains itself, is nested deeper than `maxDepth`, contains a bigint, bytes where none may
 * be, or bytes whose memory is gone.
 */
export type MdsfStringifyErrorCode =
  'ERR_MDSF_CYCLE' | 'ERR_MDSF_DEPTH' | 'ERR_MDSF_BIGINT' | 'ERR_MDSF_BYTES' | 'ERR_MDSF_DETACHED';

/** The value cannot be written as MDSF. */
export class MdsfStringifyError extends TypeError {
  /** Why the value cannot be written. */
  readonly code: MdsfStringifyErrorCode;

  /**
   * @param code - why the value cannot be written
   * @param message - the reason as a text
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
