import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { ConfigurationError } from '../../protocol/configuration-error.js';
import { DEFAULT_CLIENT } from './client-tokens.js';
import { declaredMethods, interfaceOf, type DeclaredMethod } from './exposed-declarations.js';

/** A module of Nest's container, and what it knows of a provider. Nest exports neither type. */
export type HostModule = ModulesContainer extends Map<string, infer Entry> ? Entry : never;
export type ProviderWrapper = HostModule['providers'] extends Map<unknown, infer Entry> ? Entry : never;

/** A provider (or a controller) of the application. */
export interface FoundProvider {
  readonly host: HostModule;
  readonly wrapper: ProviderWrapper;
  readonly type: Type;
}

/** A method of a provider that the server of a client reaches: by a call, or by an event. */
export interface ServedMethod extends FoundProvider {
  readonly declared: DeclaredMethod;
  readonly kind: 'method' | 'event';
  readonly interfaceName: string;
  /** The name of the method or event. */
  readonly name: string;
}

/** Where a client of JstpClientModule is found. */
export interface ClientPlace {
  readonly name: string;
  /** The JstpClientModule that provides it. */
  readonly host: HostModule;
}

/** The methods of an application's providers that have `@JstpExpose` or `@JstpSubscribe`. */
export class DecoratedProviders {
  private readonly all: { readonly method: ServedMethod; readonly place: ClientPlace }[] = [];

  /**
   * @param modules those of the application
   * @param places all clients of the application
   * @throws ConfigurationError for a decorator that names no client of the application, or one of several, and for one
   * that lacks its counterpart
   */
  constructor(
    modules: ModulesContainer,
    private readonly places: readonly ClientPlace[],
  ) {
    for (const provider of providersOf(modules)) this.add(provider);
  }

  /** Returns what the server of a client may reach. */
  of(host: HostModule): ServedMethod[] {
    return this.all.filter(({ place }) => place.host === host).map(({ method }) => method);
  }

  private add(provider: FoundProvider): void {
    const { type } = provider;
    const methods = declaredMethods(type.prototype as object);
    const declared = interfaceOf(type);
    const exposed = methods.filter(({ exposedAs }) => exposedAs !== undefined);
    if (declared && exposed.length === 0)
      throw misplaced(`@JstpExpose('${declared.interfaceName}') of ${type.name}`, ON_METHODS);
    if (!declared && exposed.length > 0)
      throw misplaced(`@JstpExpose() of ${type.name}.${exposed[0].key}`, ON_CLASS);
    for (const method of methods) {
      const { exposedAs: name, subscriptions } = method;
      if (declared && name !== undefined) {
        const { interfaceName, client } = declared;
        const text = `@JstpExpose('${interfaceName}') of ${type.name}`;
        const served: ServedMethod = { ...provider, declared: method, kind: 'method', interfaceName, name };
        this.all.push({ method: served, place: this.placeOf(client, provider, text) });
      }
      for (const { interfaceName, event, client } of subscriptions) {
        const text = `@JstpSubscribe('${interfaceName}', '${event}') of ${type.name}.${method.key}`;
        const served: ServedMethod = {
          ...provider,
          declared: method,
          kind: 'event',
          interfaceName,
          name: event,
        };
        this.all.push({ method: served, place: this.placeOf(client, provider, text) });
      }
    }
  }

  /** Finds the client that a decorator names: of several of a name, the one that the provider can be injected. */
  private placeOf(name = DEFAULT_CLIENT, { host }: FoundProvider, decorator: string): ClientPlace {
    const named = this.places.filter((place) => place.name === name);
    const seen = named.filter((place) => place.host.isGlobal || host.imports.has(place.host));
    const found = named.length === 1 ? named : seen;
    if (found.length === 1) return found[0];
    const option = `the option client of ${decorator}`;
    if (named.length > 1)
      throw new ConfigurationError(
        option,
        name,
        `the name of one client that the module ${host.name} imports`,
      );
    const known = [...new Set(this.places.map((place) => `"${place.name}"`))].join(', ');
    const hint = name === DEFAULT_CLIENT ? ' (that of the client without a name)' : '';
    const text = `${option} must be the name of a client of JstpClientModule (${known}), but "${name}"${hint} was given`;
    throw new ConfigurationError(option, name, known, text);
  }
}

const ON_METHODS = 'beside @JstpExpose() on each method that the server may call, and none has it';
const ON_CLASS = "beside @JstpExpose('interface') on the class, which does not have it";

function misplaced(decorator: string, allowed: string): ConfigurationError {
  return new ConfigurationError(decorator, undefined, allowed, `${decorator} must stand ${allowed}`);
}

/** Lists the providers and controllers whose classes are known, each once. */
function providersOf(modules: ModulesContainer): FoundProvider[] {
  const found = new Map<unknown, FoundProvider>();
  for (const host of modules.values()) {
    for (const wrapper of [...host.providers.values(), ...host.controllers.values()]) {
      const type = classOf(wrapper);
      if (!type) continue;
      // One object may be the value of several tokens.
      const identity: unknown = isPerCall(wrapper) ? wrapper : wrapper.instance;
      const known = found.get(identity);
      if (!known || known.wrapper.isNotMetatype) found.set(identity, { host, wrapper, type });
    }
  }
  return [...found.values()];
}

/** Whether there is no one instance of a provider: it is in request scope, or transient. */
export function isPerCall(wrapper: ProviderWrapper): boolean {
  return wrapper.isTransient || !wrapper.isDependencyTreeStatic();
}

function classOf(wrapper: ProviderWrapper): Type | undefined {
  if (!wrapper.isNotMetatype) return asClass(wrapper.metatype);
  // Of a value, or of what a factory has made. What is made for each call is not known here.
  const instance: unknown = isPerCall(wrapper) ? undefined : wrapper.instance;
  if (typeof instance !== 'object' || instance === null) return undefined;
  // Not by the object itself: it may be a proxy, for which any property is a remote method, or an error.
  const prototype: unknown = Object.getPrototypeOf(instance);
  return prototype === null ? undefined : asClass((prototype as { constructor?: unknown }).constructor);
}

function asClass(type: unknown): Type | undefined {
  const isClass = typeof type === 'function' && typeof type.prototype === 'object' && type.prototype !== null;
  return isClass ? (type as Type) : undefined;
}
