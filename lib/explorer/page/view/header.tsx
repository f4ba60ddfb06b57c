import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icons.js';
import { isMenuOpen, showShortcuts } from './surface.js';
import { ThemeButton } from './theme.js';
import { useExplorer, useStore } from './use-store.js';

/** The bar at the top: which application, how the connection is, and what is about the page itself. */
export function Header() {
  const explorer = useExplorer();
  const isOpen = useStore(isMenuOpen);
  return (
    <header class="top">
      <button
        type="button"
        class="icon-button menu-button"
        aria-expanded={isOpen}
        aria-controls="browse"
        aria-label="Methods and events"
        onClick={() => {
          isMenuOpen.set(!isOpen);
        }}
      >
        <Icon name="menu" />
      </button>
      <h1 class="brand">{explorer.host.settings.title}</h1>
      <ApplicationSelect />
      <span class="spacer" />
      <ConnectionStatus />
      <ThemeButton />
      <button
        type="button"
        class="icon-button keys-button"
        aria-label="Keys"
        title="Keys (?)"
        onClick={() => {
          showShortcuts.set(true);
        }}
      >
        <Icon name="keys" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="Log out"
        title="Log out"
        onClick={() => {
          explorer.logOut();
        }}
      >
        <Icon name="leave" />
      </button>
    </header>
  );
}

function ApplicationSelect() {
  const explorer = useExplorer();
  const applications = useStore(explorer.applications);
  const { name, version } = useStore(explorer.catalogue);
  const current = `${name}@${version}`;
  const all = applications.map((each) => `${each.name}@${each.version}`);
  if (!all.includes(current)) all.unshift(current);
  return (
    <select
      class="input application"
      aria-label="Application"
      value={current}
      disabled={all.length < 2}
      onChange={(event) => {
        const app = event.currentTarget.value;
        const cut = app.lastIndexOf('@');
        void explorer.switchApplication(app.slice(0, cut), app.slice(cut + 1));
      }}
    >
      {all.map((app) => (
        <option key={app} value={app}>
          {app.replace(/@$/, '')}
        </option>
      ))}
    </select>
  );
}

const STATUS_NAMES = {
  idle: 'Not connected',
  connecting: 'Connecting…',
  connected: 'Connected',
  waiting: 'Connection lost',
  taken: 'Session taken',
  closed: 'Closed',
};

function ConnectionStatus() {
  const explorer = useExplorer();
  const status = useStore(explorer.status);
  const login = explorer.shownLogin;
  const who =
    login.kind === 'login' ? login.name : login.kind === 'strategy' ? `by ${login.strategy}` : 'anonymous';
  return (
    <div class={`status status-${status}`}>
      <span class={`dot dot-${status}`} aria-hidden="true" />
      <span role="status">{STATUS_NAMES[status]}</span>
      {status === 'waiting' ? <Retry /> : null}
      {status === 'taken' ? (
        <button
          type="button"
          class="quiet-button"
          onClick={() => void explorer.client?.connect().catch(() => {})}
        >
          Take it back
        </button>
      ) : null}
      {status === 'connected' ? (
        <span class="who">
          <bdi>{who}</bdi>
        </span>
      ) : null}
    </div>
  );
}

function Retry() {
  const explorer = useExplorer();
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      tick((count) => count + 1);
    }, 500);
    return () => {
      clearInterval(timer);
    };
  }, []);
  const retryInMs = explorer.client?.retryInMs;
  return (
    <>
      {retryInMs === undefined ? null : (
        <span class="who">{`next attempt in ${Math.ceil(retryInMs / 1000)} s`}</span>
      )}
      <button
        type="button"
        class="quiet-button"
        onClick={() => {
          explorer.client?.wake();
        }}
      >
        Try now
      </button>
    </>
  );
}
