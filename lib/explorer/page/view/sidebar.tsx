import { useState } from 'preact/hooks';
import { search, unknownMember, type InterfaceEntry, type MemberEntry } from '../model/catalogue.js';
import type { ShownError } from '../model/errors.js';
import { errorLine } from '../model/errors.js';
import { Icon } from './icons.js';
import { isMenuOpen } from './surface.js';
import { useExplorer, useStore } from './use-store.js';

/** The place to which the key for "search" leads. */
export const SEARCH_ID = 'search';

/** Interfaces with their methods and events, to be searched and chosen from. */
export function Sidebar() {
  const explorer = useExplorer();
  const catalogue = useStore(explorer.catalogue);
  const isLoading = useStore(explorer.isLoading);
  const isOpen = useStore(isMenuOpen);
  const [query, setQuery] = useState('');
  const found = search(catalogue, query);
  const count = found.reduce((sum, { members }) => sum + members.length, 0);
  return (
    <nav
      id="browse"
      class={`sidebar ${isOpen ? 'is-open' : ''}`}
      aria-label="Methods and events"
      onKeyDown={moveFocus}
    >
      <div class="search">
        <Icon name="search" />
        <input
          id={SEARCH_ID}
          class="input"
          type="search"
          aria-label="Search methods and events"
          placeholder="Search"
          aria-keyshortcuts="/"
          autocomplete="off"
          spellcheck={false}
          value={query}
          onInput={(event) => {
            setQuery(event.currentTarget.value);
          }}
        />
      </div>
      <p class="visually-hidden" role="status">
        {query === '' ? '' : `${count} found`}
      </p>
      {isLoading && found.length === 0 ? <p class="hint pad">Asking the server…</p> : null}
      {query !== '' && count === 0 ? <p class="hint pad">Nothing is called so.</p> : null}
      {found.map((entry) => (
        <Interface key={entry.name} entry={entry} isSearched={query !== ''} />
      ))}
      {catalogue.isCut ? <p class="hint pad">There are more, which are not shown.</p> : null}
      <ByHand />
    </nav>
  );
}

function Interface({ entry, isSearched }: { readonly entry: InterfaceEntry; readonly isSearched: boolean }) {
  const [isOpen, setOpen] = useState(!entry.name.startsWith('jstp.'));
  const shows = isOpen || isSearched;
  return (
    <div class="interface">
      <button
        type="button"
        class="interface-name"
        aria-expanded={shows}
        title={entry.description}
        onClick={() => {
          setOpen(!isOpen);
        }}
      >
        <Icon name="chevron" />
        <bdi>{entry.name}</bdi>
        <span class="count">{entry.members.length}</span>
      </button>
      {shows ? (
        <ul>
          {entry.members.map((member) => (
            <li key={`${member.kind} ${member.name}`}>
              <MemberButton member={member} />
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

const KINDS = {
  method: ['call', 'method'],
  event: ['emit', 'event to the server'],
  emits: ['event', 'event of the server'],
} as const;

function MemberButton({ member }: { readonly member: MemberEntry }) {
  const explorer = useExplorer();
  const bench = useStore(explorer.workbench.current);
  const { kind, interfaceName, name } = member;
  const open = bench?.member;
  const isCurrent = open?.kind === kind && open.interfaceName === interfaceName && open.name === name;
  const [label, meaning] = KINDS[kind];
  const isStream = kind === 'method' && member.streams;
  return (
    <button
      type="button"
      class={`member ${member.deprecated === undefined ? '' : 'is-deprecated'}`}
      aria-current={isCurrent ? 'true' : undefined}
      title={member.description}
      onClick={() => {
        explorer.open(member);
        isMenuOpen.set(false);
      }}
    >
      <span class={`kind kind-${kind}`} aria-hidden="true">
        {isStream ? 'stream' : label}
      </span>
      <bdi class="member-name">{name}</bdi>
      <span class="visually-hidden">{`, ${isStream ? 'method that streams' : meaning}${member.deprecated === undefined ? '' : ', deprecated'}`}</span>
    </button>
  );
}

/** For what a server does not tell: an interface by its name, or a method. */
function ByHand() {
  const explorer = useExplorer();
  const [name, setName] = useState('');
  const [error, setError] = useState<ShownError>();
  const inspect = async (): Promise<void> => {
    if (name.trim() === '') return;
    const problem = await explorer.inspect(name.trim());
    setError(problem);
    if (!problem) setName('');
  };
  const cut = name.trim().lastIndexOf('.');
  return (
    <form
      class="by-hand"
      onSubmit={(event) => {
        event.preventDefault();
        void inspect();
      }}
    >
      <label class="label" for="by-hand">
        By name
      </label>
      <input
        id="by-hand"
        class="input"
        placeholder="interface, or interface.method"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        value={name}
        onInput={(event) => {
          setName(event.currentTarget.value);
          setError(undefined);
        }}
      />
      <div class="row wrap">
        <button type="submit" class="button small">
          Inspect interface
        </button>
        <button
          type="button"
          class="button small"
          disabled={cut <= 0}
          onClick={() => {
            const text = name.trim();
            explorer.open(unknownMember('method', text.slice(0, cut), text.slice(cut + 1)));
            isMenuOpen.set(false);
          }}
        >
          Call method
        </button>
      </div>
      <p class="problem" role="status">
        {error ? errorLine(error) : ''}
      </p>
    </form>
  );
}

/** Up and down move between the entries, as in a list. */
function moveFocus(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0) return;
  const stops = [
    ...event.currentTarget.querySelectorAll<HTMLElement>('.search input, .interface-name, .member'),
  ];
  const index = stops.indexOf(document.activeElement as HTMLElement);
  const next = index + step < 0 ? undefined : stops.at(index + step);
  if (index === -1 || !next) return;
  event.preventDefault();
  next.focus();
}
