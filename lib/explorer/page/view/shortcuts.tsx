import { useEffect, useRef } from 'preact/hooks';
import { Store } from '../model/store.js';
import { TABS, type Explorer } from '../state/explorer.js';
import { preferences } from './preferences.js';
import { SEARCH_ID } from './sidebar.js';
import { callKeys, isMenuOpen, showShortcuts } from './surface.js';
import { useStore } from './use-store.js';

/** Why they can be turned off: who speaks to the computer may write single characters without wanting to. */
const usesSingleKeys = new Store(preferences.get('single-keys') !== 'off');

const KEYS = [
  ['/', 'search methods and events'],
  ['Ctrl + Enter', 'call, or emit (⌘ + Enter on a Mac)'],
  ['Escape', 'cancel the call under way'],
  ['1 2 3 4', 'Call, Events, Traffic, Live'],
  ['↑ ↓', 'move within the list of methods'],
  ['← →', 'move between the tabs'],
  ['?', 'these keys'],
] as const;

/** Acts on keys, wherever they are pressed. @returns ends that */
export function listenToKeys(explorer: Explorer): () => void {
  const pressed = (event: KeyboardEvent): void => {
    if (explorer.screen.value !== 'main' || event.defaultPrevented) return;
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      callKeys.update((count) => count + 1);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') {
      if (document.querySelector('dialog[open]')) return;
      if (isMenuOpen.value) isMenuOpen.set(false);
      else explorer.workbench.current.value?.run.value?.cancel();
      return;
    }
    if (usesSingleKeys.value && !isTyping(event.target)) single(event, explorer);
  };
  document.addEventListener('keydown', pressed);
  return () => {
    document.removeEventListener('keydown', pressed);
  };
}

function single(event: KeyboardEvent, explorer: Explorer): void {
  if (event.key === '/') {
    event.preventDefault();
    isMenuOpen.set(true);
    // Why twice: a wide screen shows the search already, and the next key belongs to it; a menu is yet to open.
    focusSearch();
    requestAnimationFrame(focusSearch);
  } else if (event.key === '?') showShortcuts.set(true);
  else {
    const tab = /^[1-9]$/.test(event.key) ? TABS[Number(event.key) - 1] : undefined;
    if (tab && !document.querySelector('dialog[open]')) explorer.tab.set(tab);
  }
}

function focusSearch(): void {
  document.getElementById(SEARCH_ID)?.focus();
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null
  );
}

/** The list of keys. */
export function ShortcutsDialog() {
  const isOpen = useStore(showShortcuts);
  const isOn = useStore(usesSingleKeys);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen && !dialog.current?.open) dialog.current?.showModal();
    else if (!isOpen) dialog.current?.close();
  }, [isOpen]);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="keys-title"
      onClose={() => {
        showShortcuts.set(false);
      }}
    >
      <h2 id="keys-title">Keys</h2>
      <dl class="keys">
        {KEYS.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={isOn}
          onChange={(event) => {
            const { checked } = event.currentTarget;
            usesSingleKeys.set(checked);
            preferences.set('single-keys', checked ? 'on' : 'off');
          }}
        />
        Single keys (/, ?, digits) are on
      </label>
      <div class="actions">
        <button
          type="button"
          class="button primary"
          onClick={() => {
            showShortcuts.set(false);
          }}
        >
          Close
        </button>
      </div>
    </dialog>
  );
}
