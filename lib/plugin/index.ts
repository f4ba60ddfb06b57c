/**
 * The plugin of the Nest CLI: `nestjs-jstp/plugin`. It writes what descriptions tell of handlers: TSDoc, the names and types of
 * parameters, and the types of results.
 * @module nestjs-jstp/plugin
 */
export { before } from './before.js';
export { ReadonlyVisitor } from './readonly-visitor.js';
