import type { JsonSchema } from './application-description.js';

/** The name of the static method of classes by which they return their {@link ClassMetadata}. The plugin of the Nest CLI adds it. */
export const PLUGIN_METADATA = '_JSTP_METADATA_FACTORY';

/** What the plugin of the Nest CLI has found out about a class with handlers. */
export interface ClassMetadata {
  readonly description?: string;
  /** By the names of the methods. */
  readonly methods: Readonly<Record<string, HandlerMetadata>>;
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
}

/** About the method of a handler. */
export interface HandlerMetadata {
  readonly description?: string;
  readonly deprecated?: true | string;
  readonly since?: string;
  readonly parameters: readonly ParameterMetadata[];
  readonly result?: JsonSchema;
  readonly streams?: boolean;
}

/** About a parameter of such a method. */
export interface ParameterMetadata {
  readonly name?: string;
  readonly description?: string;
  readonly schema?: JsonSchema;
  readonly streams?: boolean;
}
