import { usageError } from './cli-error.js';

/** A method or an event of an interface. */
export interface Target {
  readonly interfaceName: string;
  readonly name: string;
}

/**
 * Reads `interface.method`, cut at its last point, as JstpClient does: a name without an interface, or without one of both
 * parts, is in the interface 'default'.
 */
export function parseTarget(text: string): Target {
  if (text === '') throw usageError('A name is missing: INTERFACE.METHOD, or INTERFACE.EVENT');
  const point = text.lastIndexOf('.');
  return point <= 0 || point === text.length - 1
    ? { interfaceName: 'default', name: text }
    : { interfaceName: text.slice(0, point), name: text.slice(point + 1) };
}

/** The name of a method or event for people. */
export function targetText({ interfaceName, name }: Target): string {
  return `${interfaceName}.${name}`;
}
