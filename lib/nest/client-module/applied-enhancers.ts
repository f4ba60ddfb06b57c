import { ConfigurationError } from '../../protocol/configuration-error.js';
import { ENHANCER_METADATA, ROUTE_ARGUMENTS_METADATA } from '../constants.js';
import type { ServedMethod } from './decorated-providers.js';

const LISTED = 'of a class that is listed in the providers of a module, as it stands or by useClass';

/**
 * Checks that Nest applies what a method declares: guards, pipes, interceptors and filters that are given as classes.
 * Why: it makes these for providers that are classes, and leaves out without a word what it has not made.
 * @throws ConfigurationError for a method of what a factory has made, of a value, and of a controller
 */
export function assertApplied({ host, wrapper, type, declared }: ServedMethod): void {
  const { key, method } = declared;
  const origin = `${type.name}.${key}`;
  if (host.controllers.has(wrapper.token))
    throw new ConfigurationError(
      `A method with @JstpExpose or @JstpSubscribe`,
      origin,
      'of a provider',
      `${origin} must be a method of a provider to serve a client's server, but ${type.name} is a controller`,
    );
  const enhancers = [
    ...ENHANCER_METADATA.flatMap((name) => [...listOf(name, type), ...listOf(name, method)]),
    ...parameterPipes(type, key),
  ];
  const isFound = host.hasProvider(type) || wrapper.token === type;
  const missing = enhancers.find(
    (enhancer) => typeof enhancer === 'function' && !(isFound && host.injectables.has(enhancer as never)),
  );
  if (typeof missing !== 'function') return;
  const text = `${origin} has ${missing.name}, which Nest applies to methods ${LISTED} alone`;
  throw new ConfigurationError(origin, missing, LISTED, text);
}

function listOf(name: string, target: object): readonly unknown[] {
  return (Reflect.getMetadata(name, target) ?? []) as readonly unknown[];
}

function parameterPipes(type: object, key: string): unknown[] {
  const parameters = (Reflect.getMetadata(ROUTE_ARGUMENTS_METADATA, type, key) ?? {}) as Record<
    string,
    { readonly pipes?: readonly unknown[] }
  >;
  return Object.values(parameters).flatMap(({ pipes = [] }) => pipes);
}
