/**
 * Puts a function in the place of an object's method.
 * @returns puts things back; false where it cannot, as somebody has overridden the method after us
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
