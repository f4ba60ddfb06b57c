const BARE_OBJECT = {};

/** Whether Object.prototype has members that somebody added, which `for in` would give, too. */
export function isPrototypeExtended(): boolean {
  for (const _ in BARE_OBJECT) return true;
  return false;
}
