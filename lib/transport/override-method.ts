/**
 * Replaces a method of an object.
 * @returns a function that restores the method. It returns false, and does nothing, where the method was replaced again
 *   in the meantime
 */
export function overrideMethod<Name extends string, Method extends (...args: never[]) => unknown>(
  target: Partial<Record<Name, Method>>,
  name: Name,
  method: Method,
): () => boolean {
  const own = Object.getOwnPropertyDescriptor(target, name);
  target[name] = method;
  return () => {
    if (target[name] !== method) return false;
    if (own) Object.defineProperty(target, name, own);
    else Reflect.deleteProperty(target, name);
    return true;
  };
}
