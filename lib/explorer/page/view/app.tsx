import { CallPanel } from './call-panel.js';
import { EventsTab } from './events-tab.js';
import { Header } from './header.js';
import { LiveTab } from './live-tab.js';
import { Login } from './login.js';
import { NoticeList } from './notices.js';
import { ShortcutsDialog } from './shortcuts.js';
import { Sidebar } from './sidebar.js';
import { TrafficTab } from './traffic-tab.js';
import { TABS, type Explorer, type Tab } from '../state/explorer.js';
import { ExplorerContext, useExplorer, useStore } from './use-store.js';

const TAB_NAMES: Readonly<Record<Tab, string>> = {
  call: 'Call',
  events: 'Events',
  traffic: 'Traffic',
  live: 'Live',
};

/** The page. */
export function App({ explorer }: { readonly explorer: Explorer }) {
  return (
    <ExplorerContext.Provider value={explorer}>
      <Screen />
      <NoticeList />
    </ExplorerContext.Provider>
  );
}

function Screen() {
  const screen = useStore(useExplorer().screen);
  return screen === 'login' ? <Login /> : <Main />;
}

function Main() {
  const explorer = useExplorer();
  const tab = useStore(explorer.tab);
  return (
    <div class="layout">
      <Header />
      <Sidebar />
      <main class="content">
        <Tabs current={tab} />
        <div class="tab-panel" role="tabpanel" id="panel" aria-labelledby={`tab-${tab}`}>
          {tab === 'call' ? <CallPanel /> : null}
          {tab === 'events' ? <EventsTab /> : null}
          {tab === 'traffic' ? <TrafficTab /> : null}
          {tab === 'live' ? <LiveTab /> : null}
        </div>
      </main>
      <ShortcutsDialog />
    </div>
  );
}

function Tabs({ current }: { readonly current: Tab }) {
  const explorer = useExplorer();
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = TABS[(TABS.indexOf(current) + step + TABS.length) % TABS.length] ?? current;
    explorer.tab.set(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Parts of the explorer" onKeyDown={move}>
      {TABS.map((tab) => (
        <button
          key={tab}
          id={`tab-${tab}`}
          type="button"
          role="tab"
          aria-selected={tab === current}
          aria-controls="panel"
          tabIndex={tab === current ? 0 : -1}
          onClick={() => {
            explorer.tab.set(tab);
          }}
        >
          {TAB_NAMES[tab]}
        </button>
      ))}
    </div>
  );
}
