import type { MemberEntry } from '../model/catalogue.js';
import { TABS, type Explorer, type Tab } from '../state/explorer.js';

const KINDS: readonly MemberEntry['kind'][] = ['method', 'event', 'emits'];

/** Keeps the address of the page with what it shows: it can be kept, sent, and gone back to. @returns ends that */
export function listenToLinks(explorer: Explorer): () => void {
  const follow = (): void => {
    const parts = location.hash.slice(1).split('/').map(decode);
    const [first, interfaceName, name] = [parts[0], parts.at(1), parts.at(2)];
    const kind = KINDS.find((each) => each === first);
    if (kind && interfaceName !== undefined && name !== undefined)
      explorer.want({ kind, interfaceName, name });
    else if (TABS.includes(first as Tab)) explorer.tab.set(first as Tab);
  };
  const write = (): void => {
    if (explorer.screen.value !== 'main') return;
    const hash = hashOf(explorer);
    if (hash !== location.hash && hash !== '') history.pushState(null, '', hash);
  };
  const stops = [
    explorer.tab.watch(write),
    explorer.workbench.current.watch(write),
    explorer.screen.watch(() => {
      if (explorer.screen.value === 'main') follow();
    }),
  ];
  addEventListener('popstate', follow);
  return () => {
    removeEventListener('popstate', follow);
    for (const stop of stops) stop();
  };
}

function hashOf({ tab, workbench }: Explorer): string {
  if (tab.value !== 'call') return `#${tab.value}`;
  const { member } = workbench.current.value ?? {};
  if (!member) return '';
  return `#${[member.kind, member.interfaceName, member.name].map(encodeURIComponent).join('/')}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
