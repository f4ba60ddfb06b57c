import type { MessageHandler } from '@nestjs/microservices';
import { JstpError } from '../../protocol/jstp-error.js';
import { check } from '../../protocol/option-checks.js';
import { parseApplicationName, type ApplicationName } from '../decorators/application-name.js';
import { ApplicationRoutes, originText, type Route } from './application-routes.js';
import { clashText, type HandlerOrigin } from './handler-origins.js';
import { assertFree } from './reserved-names.js';
import { checkArguments } from '../decorators/check-arguments.js';
import { jstpExtrasOf, type JstpHandlerExtras } from '../decorators/handler-extras.js';
import { Wildcard } from '../wildcard.js';
import { DEFAULT_INTERFACE, targetOf, type PatternNormalizer, type Target } from '../target.js';

/** A handler as Nest registers it. */
export interface HandlerDefinition {
  readonly pattern: unknown;
  readonly handler: MessageHandler;
  readonly isEvent: boolean;
  /** Nest's extras, see `jstpExtrasOf`. */
  readonly extras: Record<string, unknown> | undefined;
  readonly origin: HandlerOrigin;
}

type ApplicationId = Pick<ApplicationName, 'name' | 'version'>;

/** Finds the handlers of a server: by application, interface and name the key in Nest's own table. */
export class RouteTable {
  private readonly byApplication = new Map<string, ApplicationRoutes>();
  /** The texts of errors that are thrown when the server starts. */
  private readonly faults: string[] = [];

  /**
   * @param defaultApplication the application of handlers that do not name one
   * @param normalizePattern makes Nest's route string of a pattern
   * @param maxNameLength `limits.maxNameLength`: no client could call by a longer name
   */
  constructor(
    private readonly defaultApplication: ApplicationName,
    private readonly normalizePattern: PatternNormalizer,
    private readonly maxNameLength: number,
  ) {}

  /** The applications that have handlers. */
  get applications(): IterableIterator<ApplicationRoutes> {
    return this.byApplication.values();
  }

  /** Whether any handler decides on handshakes. */
  get hasHandshakes(): boolean {
    return [...this.applications].some((application) => application.handshakes.size > 0);
  }

  /** Returns the routes of an application; undefined where it has none. */
  find(name: string, version: string): ApplicationRoutes | undefined {
    return this.byApplication.get(`${name}@${version}`);
  }

  /** Returns the routes of an application; makes them where there are none. */
  getOrCreate(application: ApplicationName): ApplicationRoutes {
    const known = this.byApplication.get(application.full);
    if (known) return known;
    const created = new ApplicationRoutes(application);
    this.byApplication.set(application.full, created);
    return created;
  }

  /**
   * Adds a handler that decides on handshakes. A second one for the same strategy is a fault, see {@link
   * assertSound}.
   */
  addHandshake(definition: HandlerDefinition, handshake: { readonly strategy?: string }): void {
    const extras = jstpExtrasOf(definition.extras);
    const { handshakes, full } = this.applicationOf(extras);
    const { origin } = definition;
    const known = handshakes.get(handshake.strategy);
    if (known) {
      const what =
        handshake.strategy === undefined ? 'every strategy' : `the strategy '${handshake.strategy}'`;
      this.faults.push(clashText(known.origin, origin, `decide on ${what} of ${full}`));
    } else handshakes.set(handshake.strategy, { origin, handler: definition.handler });
  }

  /**
   * Adds a handler of a method or event.
   * @param isTaken whether a key is in use in Nest's table
   * @throws ConfigurationError for `@Arg` parameters that contradict each other, for a name that is longer than
   *   clients may use or reserved, and for a wildcard in the wrong place
   * @returns the key for Nest's table; undefined for a second method of the same name, which is a fault, see
   * {@link assertSound}
   */
  add(definition: HandlerDefinition, isTaken: (key: string) => boolean): string | undefined {
    const { pattern, isEvent, origin } = definition;
    const extras = jstpExtrasOf(definition.extras);
    if (extras.arguments) checkArguments(extras.arguments, origin.method, origin.text);
    const application = this.applicationOf(extras);
    const target = placedTarget(extras, pattern, this.normalizePattern);
    assertFree(target.interfaceName, `The interface of ${origin.text}`);
    const length = Math.max(target.interfaceName.length, target.name.length);
    const needed = `at least ${length}, the length of the name of ${origin.text}`;
    check('limits.maxNameLength', this.maxNameLength, needed, (max) => length <= (max as number));
    const wildcard = isEvent ? Wildcard.of(pattern, extras.interface) : undefined;
    const id = `${extras.interface ?? ''}/${String(pattern)}`;
    const known = wildcard
      ? application.wildcards.find((route) => route.id === id)
      : application.find(target, isEvent);
    if (known && isEvent) {
      known.origins.push(origin);
      return known.key;
    }
    if (known) {
      const name = `${target.interfaceName}.${target.name} of ${application.full}`;
      this.faults.push(clashText(known.origins[0], origin, `serve the method ${name}`));
      return undefined;
    }
    const isPlaced = extras.application !== undefined || extras.interface !== undefined;
    const nestRoute = String(this.normalizePattern(pattern as never));
    const wanted = isPlaced ? `${application.full}/${target.interfaceName}/${target.name}` : nestRoute;
    const route: Route = {
      key: freeKey(wanted, isEvent, isTaken),
      ...target,
      pattern: isPlaced ? patternOf(target) : nestRoute,
      arity: extras.arity,
      origins: [origin],
    };
    if (wildcard) application.wildcards.push({ ...route, wildcard, id });
    else application.add(route, isEvent);
    return route.key;
  }

  /** Returns the origin of a method's handler, as 'Class.method'; undefined where there is no handler. */
  handlerOf(
    application: ApplicationId | null,
    interfaceName: string,
    methodName: string,
  ): string | undefined {
    const routes = application && this.find(application.name, application.version);
    const named = routes?.interfaces.get(interfaceName);
    const route = named?.methods.get(methodName) ?? named?.events.get(methodName);
    return route && originText(route);
  }

  /**
   * Checks that no two handlers serve the same method, or decide on the same strategy.
   * @throws JstpError ERR_JSTP_DUPLICATE_HANDLER naming both handlers
   */
  assertSound(): void {
    if (this.faults.length > 0) throw new JstpError('ERR_JSTP_DUPLICATE_HANDLER', this.faults.join('; '));
  }

  private applicationOf(extras: JstpHandlerExtras): ApplicationRoutes {
    const { application } = extras;
    const isDefault = application === undefined;
    return this.getOrCreate(
      isDefault ? this.defaultApplication : parseApplicationName(application, '@JstpApplication'),
    );
  }
}

/**
 * Returns the target of a handler: the pattern is a name in the declared interface, or names both where none is
 * declared.
 */
function placedTarget(
  extras: JstpHandlerExtras,
  pattern: unknown,
  normalizePattern: PatternNormalizer,
): Target {
  const target = targetOf(pattern, normalizePattern);
  if (extras.interface === undefined) return target;
  const isText = typeof pattern === 'string' || typeof pattern === 'number';
  return { interfaceName: extras.interface, name: isText ? String(pattern) : target.name };
}

/** Returns the pattern by which a client's `send` names a method. */
function patternOf({ interfaceName, name }: Target): string {
  return interfaceName === DEFAULT_INTERFACE ? name : `${interfaceName}.${name}`;
}

/** Returns a key that is free. Why: Nest has one table for methods and events, and the same name may be in both. */
function freeKey(wanted: string, isEvent: boolean, isTaken: (key: string) => boolean): string {
  let key = wanted;
  while (isTaken(key)) key += isEvent ? ' (event)' : ' (method)';
  return key;
}
