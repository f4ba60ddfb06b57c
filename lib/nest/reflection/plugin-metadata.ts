import { check, isObject } from '../../protocol/option-checks.js';
import {
  PLUGIN_METADATA,
  type ClassMetadata,
  type HandlerMetadata,
} from '../../reflection/plugin-metadata.js';

/** What was loaded from a file, by class. */
const loaded = new WeakMap<object, ClassMetadata>();

/** What the plugin knows of a handler, and the definitions that its schemas point to. */
export interface KnownHandler {
  readonly handler: HandlerMetadata;
  readonly definitions: ClassMetadata['definitions'];
}

/** What the plugin knows of a class, without what it knows of its base classes. */
export function pluginClass(type: object): ClassMetadata | undefined {
  const known = loaded.get(type);
  if (known) return known;
  const factory: unknown = Object.getOwnPropertyDescriptor(type, PLUGIN_METADATA)?.value;
  return typeof factory === 'function' ? (Reflect.apply(factory, type, []) as ClassMetadata) : undefined;
}

/** What the plugin knows of a handler, which a base class may have. */
export function pluginHandler(type: object, name: string): KnownHandler | undefined {
  for (
    let one: object | null = type;
    one !== null && one !== Function.prototype;
    one = Object.getPrototypeOf(one) as object | null
  ) {
    const metadata = pluginClass(one);
    if (metadata && Object.hasOwn(metadata.methods, name))
      return { handler: metadata.methods[name], definitions: metadata.definitions };
  }
  return undefined;
}

/**
 * Takes what a generator has written to a file with the `ReadonlyVisitor` of `nestjs-jstp/plugin`: for builds without the
 * compiler of TypeScript (swc), before the application is described.
 *
 * @param metadata the default export of the file
 * @throws ConfigurationError for anything else
 * @example
 * import metadata from './metadata.js';
 * await loadPluginMetadata(metadata);
 */
export async function loadPluginMetadata(metadata: () => Promise<Record<string, unknown>>): Promise<void> {
  check(
    'loadPluginMetadata',
    metadata,
    'given the default export of the file',
    (value) => typeof value === 'function',
  );
  for (const [key, found] of Object.entries(await metadata())) {
    if (!/^nestjs-jstp(\/plugin)?$/.test(key) || !isObject(found)) continue;
    for (const [imported, classes] of (found['controllers'] ?? []) as [
      Promise<object>,
      Record<string, ClassMetadata>,
    ][]) {
      const module = (await imported) as Record<string, object | undefined>;
      for (const [name, known] of Object.entries(classes)) {
        const type = module[name];
        if (type) loaded.set(type, known);
      }
    }
  }
}
