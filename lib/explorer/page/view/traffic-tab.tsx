import { useState } from 'preact/hooks';
import { clockTime, shortNumber } from '../model/numbers.js';
import { filterTraffic, fullText, type TrafficEntry } from '../model/traffic.js';
import { CopyButton } from './copy-button.js';
import { Icon } from './icons.js';
import { useExplorer, useStore } from './use-store.js';

const REFRESH_MS = 150;
const SHOWN = 200;

/** The messages of this page, as they are on the wire. */
export function TrafficTab() {
  const { traffic } = useExplorer();
  const entries = useStore(traffic.entries, REFRESH_MS);
  const isPaused = useStore(traffic.isPaused);
  const [query, setQuery] = useState('');
  const [hidesPings, setHidesPings] = useState(true);
  const [hidesLive, setHidesLive] = useState(true);
  const found = filterTraffic(entries, query, { pings: hidesPings, live: hidesLive });
  const shown = found.slice(-SHOWN).toReversed();
  return (
    <section class="panel" aria-label="Traffic">
      <div class="section-bar">
        <h2>Traffic</h2>
        <p class="hint">
          This page’s messages as they are on the wire. Passwords and session ids are masked.
        </p>
      </div>
      <div class="row wrap">
        <input
          class="input"
          type="search"
          aria-label="Filter messages"
          placeholder="Filter: kind, name, text"
          value={query}
          onInput={(event) => {
            setQuery(event.currentTarget.value);
          }}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={hidesPings}
            onChange={(event) => {
              setHidesPings(event.currentTarget.checked);
            }}
          />
          without pings
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={hidesLive}
            onChange={(event) => {
              setHidesLive(event.currentTarget.checked);
            }}
          />
          without those of Live
        </label>
        <button
          type="button"
          class="button small"
          aria-pressed={isPaused}
          onClick={() => {
            traffic.isPaused.set(!isPaused);
          }}
        >
          <Icon name={isPaused ? 'play' : 'pause'} />
          {isPaused ? 'Go on' : 'Pause'}
        </button>
        <button
          type="button"
          class="button small"
          onClick={() => {
            traffic.clear();
          }}
        >
          Clear
        </button>
      </div>
      <p class="hint" role="status">
        {found.length > shown.length
          ? `The last ${shown.length} of ${shortNumber(found.length)} messages`
          : `${shown.length} messages`}
      </p>
      <ol class="log traffic" tabIndex={0} aria-label="Messages">
        {shown.map((entry) => (
          <Message key={entry.id} entry={entry} />
        ))}
      </ol>
    </section>
  );
}

function Message({ entry }: { readonly entry: TrafficEntry }) {
  const [isOpen, setOpen] = useState(false);
  const { at, direction, kind, subject, text } = entry;
  return (
    <li>
      <button
        type="button"
        class="message"
        aria-expanded={isOpen}
        onClick={() => {
          setOpen(!isOpen);
        }}
      >
        <span class="log-time">{clockTime(at)}</span>
        <span class={`direction direction-${direction}`}>{direction === 'in' ? '← in' : 'out →'}</span>
        <span class={`message-kind kind-${kind}`}>{kind}</span>
        <span class="log-name">
          <bdi>{subject}</bdi>
        </span>
        {isOpen ? null : <span class="message-text">{text}</span>}
      </button>
      {isOpen ? (
        <div class="message-detail">
          <pre tabIndex={0}>{fullText(entry)}</pre>
          <CopyButton label="Copy message" text={() => fullText(entry)} />
        </div>
      ) : null}
    </li>
  );
}
