/** Splits 'name@version' at the last '@'; the version is undefined where there is no '@'. */
export function splitVersionedName(text: string): [name: string, version: string | undefined] {
  const at = text.lastIndexOf('@');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
