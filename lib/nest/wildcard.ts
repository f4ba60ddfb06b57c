import { ConfigurationError } from '../protocol/configuration-error.js';
import { DEFAULT_INTERFACE, type Target } from './target.js';

/** How a family of wildcards is written. */
interface Style {
  readonly separator: '.' | '/';
  /** Stands for one token. */
  readonly one: string;
  /** Stands for all further tokens; only as the last one. */
  readonly rest: string;
  /** How many tokens the rest has at least. */
  readonly leastRest: 0 | 1;
  /** Whether a wildcard may stand for a token without a character. */
  readonly takesEmpty: boolean;
}

const NATS: Style = { separator: '.', one: '*', rest: '>', leastRest: 1, takesEmpty: false };
const MQTT: Style = { separator: '/', one: '+', rest: '#', leastRest: 0, takesEmpty: true };

/** The tokens of the name of an event. */
type Tokens = readonly string[];

/** An event's names, cut into tokens when that is asked for first. */
export class EventTokens {
  private readonly text: string;
  private readonly cut: Partial<Record<Style['separator'], Tokens>> = {};
  private readonly cutName: Partial<Record<Style['separator'], Tokens>> = {};

  constructor(private readonly target: Target) {
    const { interfaceName, name } = target;
    this.text = interfaceName === DEFAULT_INTERFACE ? name : `${interfaceName}.${name}`;
  }

  /**
   * @param interfaceName the interface in which the name alone counts; undefined: the interface is part of the name
   * @returns the tokens; undefined for an event of another interface
   */
  of(separator: Style['separator'], interfaceName: string | undefined): Tokens | undefined {
    const { target, text } = this;
    if (interfaceName === undefined) return (this.cut[separator] ??= text.split(separator));
    if (interfaceName !== target.interfaceName) return undefined;
    return (this.cutName[separator] ??= target.name.split(separator));
  }
}

/**
 * A pattern that stands for the names of many events. What it costs to match one grows with the number of its tokens, and
 * not faster: each is compared once.
 */
export class Wildcard {
  private constructor(
    private readonly style: Style,
    private readonly tokens: Tokens,
    private readonly hasRest: boolean,
    /** The interface that the handler's decorator declares: the pattern is of names in it. */
    private readonly interfaceName: string | undefined,
  ) {}

  /**
   * @param pattern the pattern of a handler of events
   * @param interfaceName the interface that a decorator declares for it, if one does
   * @param decorator the decorator that has the pattern, for the error
   * @returns undefined for a pattern without a wildcard
   * @throws ConfigurationError for a `>` or `#` that is not the last token
   */
  static of(
    pattern: unknown,
    interfaceName: string | undefined,
    decorator = '@EventPattern',
  ): Wildcard | undefined {
    if (typeof pattern !== 'string') return undefined;
    // A plus sign or a hash without a slash is a name as any other.
    for (const style of pattern.includes('/') ? [NATS, MQTT] : [NATS]) {
      const tokens = pattern.split(style.separator);
      const restAt = tokens.indexOf(style.rest);
      if (restAt === -1 && !tokens.includes(style.one)) continue;
      if (restAt !== -1 && restAt < tokens.length - 1) {
        const allowed = `a pattern with '${style.rest}' as its last part alone`;
        throw new ConfigurationError(decorator, pattern, allowed);
      }
      const hasRest = restAt !== -1;
      return new Wildcard(style, hasRest ? tokens.slice(0, -1) : tokens, hasRest, interfaceName);
    }
    return undefined;
  }

  /** Whether it is the pattern of an event. */
  matches(event: EventTokens): boolean {
    const { style, tokens, hasRest, interfaceName } = this;
    const given = event.of(style.separator, interfaceName);
    if (!given) return false;
    const fits = hasRest ? given.length >= tokens.length + style.leastRest : given.length === tokens.length;
    if (!fits || (!style.takesEmpty && given.includes(''))) return false;
    return tokens.every((token, index) => token === style.one || token === given[index]);
  }
}
