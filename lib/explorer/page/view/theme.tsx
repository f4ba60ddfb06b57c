import { Store } from '../model/store.js';
import { Icon } from './icons.js';
import { preferences } from './preferences.js';
import { useStore } from './use-store.js';

type Theme = 'auto' | 'light' | 'dark';

const NEXT: Readonly<Record<Theme, Theme>> = { auto: 'light', light: 'dark', dark: 'auto' };
const NAMES: Readonly<Record<Theme, string>> = { auto: 'as the system', light: 'light', dark: 'dark' };

const theme = new Store<Theme>(readTheme());

/** Grows when colours have changed: what is drawn, and not styled, is drawn anew. */
export const colours = new Store(0);

/** Applies what was chosen in an earlier visit, and listens for what the system changes. */
export function startTheme(): void {
  applyTheme(theme.value);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    colours.update((count) => count + 1);
  });
}

/** Light, dark, or as the system has it. */
export function ThemeButton() {
  const chosen = useStore(theme);
  const label = `Colours: ${NAMES[chosen]}`;
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={label}
      onClick={() => {
        const next = NEXT[chosen];
        theme.set(next);
        preferences.set('theme', next);
        applyTheme(next);
      }}
    >
      <Icon name="theme" />
    </button>
  );
}

function applyTheme(chosen: Theme): void {
  if (chosen === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = chosen;
  colours.update((count) => count + 1);
}

function readTheme(): Theme {
  const kept = preferences.get('theme');
  return kept === 'light' || kept === 'dark' ? kept : 'auto';
}
