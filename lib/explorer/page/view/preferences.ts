/** What somebody prefers, kept in the browser where it lets pages keep anything. */
export const preferences = {
  get(name: string): string | null {
    try {
      return localStorage.getItem(`jstp-explorer.${name}`);
    } catch {
      return null;
    }
  },

  set(name: string, value: string): void {
    try {
      localStorage.setItem(`jstp-explorer.${name}`, value);
    } catch {
      // It lasts as long as the page.
    }
  },
};

/** The browser's storage; undefined where pages get none. */
export function browserStorage(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}
