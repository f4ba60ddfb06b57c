import { render } from 'preact';
import { History } from './model/history.js';
import { readSettings } from './model/settings.js';
import { Explorer } from './state/explorer.js';
import { createTappedClient } from './state/tapped-client.js';
import { App } from './view/app.js';
import { listenToLinks } from './view/links.js';
import { browserStorage } from './view/preferences.js';
import { listenToKeys } from './view/shortcuts.js';
import { startTheme } from './view/theme.js';
import { SETTINGS_META } from '../explorer-settings.js';

const meta = document.querySelector<HTMLMetaElement>(`meta[name="${SETTINGS_META}"]`);
const settings = readSettings(meta?.content);
const root = document.getElementById('page');

if (root) {
  const explorer = new Explorer({
    settings,
    url: new URL(settings.url ?? '', location.href).href.replace(/^http/, 'ws'),
    now: () => performance.now(),
    today: () => performance.timeOrigin + performance.now(),
    shown: () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))),
    history: new History(browserStorage()),
    createClient: createTappedClient,
  });
  document.title = settings.title;
  startTheme();
  listenToKeys(explorer);
  listenToLinks(explorer);
  render(<App explorer={explorer} />, root);
}
