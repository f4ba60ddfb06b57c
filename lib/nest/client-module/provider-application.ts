import type { MessageHandler } from '@nestjs/microservices';
import type { EventNames } from '../../application/application.js';
import { LocalCall } from '../../application/local-call.js';
import type { MethodCallback } from '../../application/method-callback.js';
import type { Connection } from '../../connection/connection.js';
import { ERR_INTERFACE_NOT_FOUND, ERR_METHOD_NOT_FOUND } from '../../protocol/error-codes.js';
import { JstpError } from '../../protocol/jstp-error.js';
import type { Metadata } from '../../protocol/message.js';
import { ignore } from '../../util/callback.js';
import type { ProvidedApplication } from '../client/beside-providers.js';
import { checkArguments } from '../decorators/check-arguments.js';
import { jstpExtrasOf } from '../decorators/handler-extras.js';
import { PATTERN_EXTRAS_METADATA } from '../constants.js';
import type { NestCall } from '../handling/answering.js';
import { HandlerRunner, type HandlerRoute } from '../handling/handler-runner.js';
import { EventTokens, Wildcard } from '../wildcard.js';
import type { ServedMethod } from './decorated-providers.js';

/** A method of a provider, to which a call or an event goes. */
interface ProviderRoute extends HandlerRoute {
  /** 'Class.method', for texts. */
  readonly origin: string;
}

type Table<Entry> = Map<string, Map<string, Entry>>;

/** What the methods need besides themselves. */
export interface ProviderSettings {
  /** Makes the handler of a method. */
  readonly handlerOf: (method: ServedMethod) => MessageHandler;
  /** Makes of what a method throws what the caller gets. */
  readonly errorOf: (error: unknown) => unknown;
  /** Told of errors that no caller gets. */
  readonly report: (error: unknown) => void;
}

/** Serves methods of providers to the server of a client: those that are exposed, and those that are subscribed. */
export class ProviderApplication implements ProvidedApplication {
  readonly name = 'jstp';
  readonly version = '1.0.0';
  isListening = false;
  private readonly methods: Table<ProviderRoute> = new Map();
  private readonly events: Table<ProviderRoute[]> = new Map();
  /** The subscriptions to patterns with wildcards. */
  private readonly wildcards: {
    readonly wildcard: Wildcard;
    readonly names: EventNames;
    readonly route: ProviderRoute;
  }[] = [];
  private readonly handlers = new Map<string, MessageHandler>();
  private readonly runner: HandlerRunner;

  /**
   * @throws JstpError ERR_JSTP_DUPLICATE_HANDLER for a method that is exposed twice
   * @throws ConfigurationError for `@Arg` parameters that contradict each other
   */
  constructor(methods: readonly ServedMethod[], settings: ProviderSettings) {
    const { report, errorOf } = settings;
    this.runner = new HandlerRunner({
      handlers: this.handlers,
      hooks: { start: undefined, end: undefined },
      serializer: undefined,
      deserializer: undefined,
      report,
      errorOf,
    });
    for (const method of methods) this.add(method, settings);
  }

  /** Whether any method is subscribed to an event. */
  get hasEvents(): boolean {
    return this.events.size > 0 || this.wildcards.length > 0;
  }

  /** Lists what the server reaches, for the log. */
  describe(): string {
    const methods = [...this.methods].map(([name, routes]) => `${name} (${[...routes.keys()].join(', ')})`);
    const events = this.subscribed.map((names) => names.join('.'));
    return [...methods, ...(events.length > 0 ? [`events: ${events.join(', ')}`] : [])].join('; ');
  }

  originOf(interfaceName: string, methodName: string): string | undefined {
    return this.methods.get(interfaceName)?.get(methodName)?.origin;
  }

  get exposed(): [interfaceName: string, method: string][] {
    return namesOf(this.methods);
  }

  get subscribed(): [interfaceName: string, event: string][] {
    const patterns = this.wildcards.map(({ names }): [string, string] => [names.interfaceName, names.name]);
    return [...namesOf(this.events), ...patterns];
  }

  handleCall(call: NestCall): void {
    const routes = this.methods.get(call.interfaceName);
    const route = routes?.get(call.methodName);
    if (route) this.runner.call(call, route);
    else call.fail(routes ? ERR_METHOD_NOT_FOUND : ERR_INTERFACE_NOT_FOUND);
  }

  callMethod(
    connection: Connection,
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback: MethodCallback,
  ): void {
    this.handleCall(new LocalCall(connection, interfaceName, methodName, args, callback, undefined));
  }

  getMethods(interfaceName: string): string[] | undefined {
    const routes = this.methods.get(interfaceName);
    return routes && [...routes.keys()];
  }

  hasEvent(interfaceName: string, eventName: string): boolean {
    return this.isListening && (this.events.get(interfaceName)?.has(eventName) ?? false);
  }

  handleEvent(
    connection: Connection,
    interfaceName: string,
    eventName: string,
    args: unknown[],
    metadata?: Metadata,
    failed: (error: unknown) => void = ignore,
  ): unknown {
    if (!this.isListening) return undefined;
    const exact = this.events.get(interfaceName)?.get(eventName) ?? [];
    const more = this.matching(interfaceName, eventName);
    const routes = more.length > 0 ? [...exact, ...more.map(({ route }) => route)] : exact;
    if (routes.length === 0) return undefined;
    const message = { interfaceName, methodName: eventName, metadata, isEvent: true };
    const run = (route: ProviderRoute): unknown =>
      this.runner.event(connection, { ...message }, route, args, failed);
    return routes.length === 1 ? run(routes[0]) : Promise.all(routes.map(run));
  }

  wildcardOf(interfaceName: string, eventName: string): EventNames | undefined {
    return this.matching(interfaceName, eventName).at(0)?.names;
  }

  private matching(interfaceName: string, name: string): ProviderApplication['wildcards'] {
    if (this.wildcards.length === 0) return this.wildcards;
    const tokens = new EventTokens({ interfaceName, name });
    return this.wildcards.filter(({ wildcard }) => wildcard.matches(tokens));
  }

  private add(method: ServedMethod, { handlerOf }: ProviderSettings): void {
    const { kind, type, declared, interfaceName, name } = method;
    const origin = `${type.name}.${declared.key}`;
    const extras = jstpExtrasOf(
      Reflect.getMetadata(PATTERN_EXTRAS_METADATA, declared.method) as Record<string, unknown> | undefined,
    );
    if (extras.arguments) checkArguments(extras.arguments, { controller: type, name: declared.key }, origin);
    const key = `${origin} ${this.handlers.size}`;
    const route = { key, pattern: `${interfaceName}.${name}`, arity: extras.arity, origin };
    const wildcard = kind === 'event' ? Wildcard.of(name, interfaceName) : undefined;
    if (wildcard) this.wildcards.push({ wildcard, names: { interfaceName, name }, route });
    else if (kind === 'event') rowOf(rowsOf(this.events, interfaceName), name).push(route);
    else {
      const rows = rowsOf(this.methods, interfaceName);
      const known = rows.get(name);
      if (known) throw twice(route.pattern, known.origin, origin);
      rows.set(name, route);
    }
    this.handlers.set(key, handlerOf(method));
  }
}

function namesOf(table: Table<unknown>): [string, string][] {
  return [...table].flatMap(([interfaceName, rows]) =>
    [...rows.keys()].map((name): [string, string] => [interfaceName, name]),
  );
}

function rowsOf<Entry>(table: Table<Entry>, interfaceName: string): Map<string, Entry> {
  const rows = table.get(interfaceName) ?? new Map<string, Entry>();
  table.set(interfaceName, rows);
  return rows;
}

function rowOf(rows: Map<string, ProviderRoute[]>, name: string): ProviderRoute[] {
  const row = rows.get(name) ?? [];
  rows.set(name, row);
  return row;
}

function twice(pattern: string, known: string, other: string): JstpError {
  const both = known === other ? `${known}, of two providers` : `${known} and ${other}`;
  return new JstpError('ERR_JSTP_DUPLICATE_HANDLER', `Two methods are exposed as ${pattern}: ${both}`);
}
