import { printable } from '../util/printable.js';
import { JstpError } from './jstp-error.js';

// What stands there may be a secret, or what was meant for another option and is one.
const SECRET_OPTION = /(credentials|password|passphrase|secret|token)$/i;
const URL_CREDENTIALS = /\/\/[^/?#]*@/g;

/** An option's value cannot be used. Its `code` is `'ERR_JSTP_CONFIGURATION'`. */
export class ConfigurationError extends JstpError {
  /** The option's name, for example `'limits.maxMessageBytes'`. */
  readonly option: string;

  /**
   * @param option - the option's name
   * @param given - the value that was given
   * @param allowed - what is allowed, for people: `'an integer from 1 to 100'`
   */
  constructor(option: string, given: unknown, allowed: string) {
    super('ERR_JSTP_CONFIGURATION', `${option} must be ${allowed}, but ${show(option, given)} was given`);
    this.option = option;
  }

  /** The class's name, as the stack shows it. */
  override get name(): string {
    return 'ConfigurationError';
  }
}

function show(option: string, value: unknown): string {
  if (typeof value === 'string' && !SECRET_OPTION.test(option)) {
    return JSON.stringify(printable(value.replace(URL_CREDENTIALS, '//***@')));
  }
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined) {
    return String(value);
  }
  return value === null ? 'null' : `a value of type ${typeof value}`;
}
