import { isClass } from '../util/callback.js';
import { toLogText } from '../util/log-text.js';
import { JstpError } from './jstp-error.js';

/** Options whose value is never shown: it may be a secret. */
const SECRET_OPTION = /(credentials|password|passphrase|secret|token)$/i;
const URL_CREDENTIALS = /\/\/[^/?#]*@/g;

/** An option has a value that is not allowed. The `code` is `'ERR_JSTP_CONFIGURATION'`. */
export class ConfigurationError extends JstpError {
  /** The option's name, for example `'limits.maxMessageBytes'`. */
  readonly option: string;

  /**
   * @param option - the option's name
   * @param given - the value that was given
   * @param allowed - what is allowed, for people: `'an integer from 1 to 100'`
   * @param text - the message. @default "OPTION must be ALLOWED, but GIVEN was given"
   */
  constructor(
    option: string,
    given: unknown,
    allowed: string,
    text = `${option} must be ${allowed}, but ${show(option, given)} was given`,
  ) {
    super('ERR_JSTP_CONFIGURATION', text);
    this.option = option;
  }

  /** The class's name, as the stack shows it. */
  override get name(): string {
    return 'ConfigurationError';
  }
}

function show(option: string, value: unknown): string {
  if (value !== null && value !== undefined && SECRET_OPTION.test(option)) {
    return `a value of type ${typeof value}`;
  }
  if (typeof value === 'string') return JSON.stringify(toLogText(value.replace(URL_CREDENTIALS, '//***@')));
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  if (typeof value === 'function' && isClass(value)) return `the class ${toLogText(value.name)}`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined) {
    return String(value);
  }
  return value === null ? 'null' : `a value of type ${typeof value}`;
}
