import { DEFAULT_MESSAGES, GENERIC_ERROR_CODE } from '../../protocol/error-codes.js';

/** Stands for a name, or a code, that nobody has declared. Why this text: the one of OpenTelemetry's conventions. */
export const OTHER = '_OTHER';
/** The outcome of what has succeeded. */
export const OK = 'ok';

/** How many codes besides JSTP's own become names. Why bounded: a peer may make codes up. */
const MAX_OWN_CODES = 100;

/** CountedNames outcomes by their codes, in a bounded number. */
export class OutcomeNames {
  private readonly names = new Map<number | string, string>([
    [0, OK],
    [GENERIC_ERROR_CODE, String(GENERIC_ERROR_CODE)],
    ...Object.keys(DEFAULT_MESSAGES).map((code): [number, string] => [Number(code), code]),
  ]);
  private readonly maxNames = this.names.size + MAX_OWN_CODES;

  /** Returns the name of an outcome: 'ok', its code, or '_OTHER'. */
  nameOf(code: number | string): string {
    const known = this.names.get(code);
    if (known !== undefined) return known;
    if (this.names.size >= this.maxNames) return OTHER;
    const name = String(code);
    this.names.set(code, name);
    return name;
  }
}
