import { Store } from '../model/store.js';

/** Whether the list of methods is shown where there is no room for it beside the rest. */
export const isMenuOpen = new Store(false);

/** Whether the list of keys is shown. */
export const showShortcuts = new Store(false);

/** Grows when the keys for "call" are pressed. */
export const callKeys = new Store(0);
