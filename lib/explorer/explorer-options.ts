import type { CanActivate, DynamicModule, Type } from '@nestjs/common';
import { ConfigurationError } from '../protocol/configuration-error.js';
import {
  check,
  checkNames,
  hasMethod,
  isBoolean,
  isText,
  isUrlPath,
  optional,
} from '../protocol/option-checks.js';

/** Where the explorer is served, and whom the page is shown: these the module has to know when it is made. */
export interface ExplorerPlacement {
  /** The path of the page, below the application's global prefix. @default '/jstp-explorer' */
  readonly path?: string;
  /**
   * Guards of the page and its files, as `@UseGuards` takes them: classes or instances. They see HTTP requests. What
   * the page may do at the server is decided by the login of JSTP, and by the guards of the server's handlers. @default none
   */
  readonly guards?: readonly (Type<CanActivate> | CanActivate)[];
  /** Modules that provide what the guards inject. @default none */
  readonly imports?: DynamicModule['imports'];
}

/** What the explorer shows. */
export interface ExplorerOptions {
  /** Whether the page is served. @default true, but false where NODE_ENV is 'production' */
  readonly enabled?: boolean;
  /**
   * The WebSocket listener as the browsers reach it: a whole URL, as 'wss://chat.example.com/jstp', or one relative to the
   * page, as '../jstp'. Needed where a proxy serves the listener at another host, port or path.
   * @default that of the application's JstpServer
   */
  readonly url?: string;
  /** What the page calls itself. @default 'JSTP Explorer' */
  readonly title?: string;
}

/** The options of `JstpExplorerModule.forRoot`. */
export type JstpExplorerOptions = ExplorerOptions & ExplorerPlacement;

/** The path of the page where none is given. */
export const DEFAULT_PATH = '/jstp-explorer';

/** What the page calls itself where no title is given. */
export const DEFAULT_TITLE = 'JSTP Explorer';

const PLACEMENT_NAMES = Object.keys({
  path: true,
  guards: true,
  imports: true,
} satisfies Record<keyof ExplorerPlacement, true>);

const OPTION_NAMES = Object.keys({
  enabled: true,
  url: true,
  title: true,
} satisfies Record<keyof ExplorerOptions, true>);

/**
 * Checks where the explorer is to be served.
 * @throws ConfigurationError naming the option, what was given and what is allowed
 */
export function checkPlacement({ path, guards, imports }: ExplorerPlacement): void {
  check('path', path, "the path of a URL, as '/jstp-explorer', without a pattern", optional(isPlainPath));
  check('guards', guards, 'an array of guards, or of their classes', optional(areGuards));
  check('imports', imports, 'an array of modules', optional(Array.isArray));
}

/**
 * Checks what the explorer is to show.
 * @throws ConfigurationError naming the option, what was given and what is allowed
 */
export function checkExplorerOptions(options: ExplorerOptions): void {
  checkNames('options', options, [...OPTION_NAMES, ...PLACEMENT_NAMES]);
  check('enabled', options.enabled, 'true or false', optional(isBoolean));
  check('title', options.title, 'a text', optional(isText));
  const { url } = options;
  if (url !== undefined && !isListenerUrl(url))
    throw new ConfigurationError(
      'url',
      url,
      "a URL of WebSockets without a user, as 'wss://example.com/jstp', or one relative to the page",
    );
}

/** Whether the page is served. */
export function isEnabled({ enabled }: ExplorerOptions): boolean {
  return enabled ?? process.env['NODE_ENV'] !== 'production';
}

/** Why no pattern: the path is matched by Express or Fastify, for which `:`, `*` and braces mean something. */
function isPlainPath(value: unknown): boolean {
  return isUrlPath(value) && /^\/[\w\-./~]*$/.test(value as string) && !(value as string).includes('//');
}

function areGuards(value: unknown): boolean {
  const isGuard = (one: unknown): boolean =>
    hasMethod('canActivate')(typeof one === 'function' ? one.prototype : one);
  return Array.isArray(value) && value.every(isGuard);
}

function isListenerUrl(value: unknown): boolean {
  if (!isText(value)) return false;
  try {
    const { protocol, username, password, hash } = new URL(value, 'ws://page/explorer/');
    const isPlain = username === '' && password === '' && hash === '';
    return isPlain && (protocol === 'ws:' || protocol === 'wss:');
  } catch {
    return false;
  }
}
