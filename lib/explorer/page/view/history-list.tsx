import { clockTime, shortTime } from '../model/numbers.js';
import { openFromHistory } from '../state/make-call.js';
import { useExplorer, useStore } from './use-store.js';

const SHOWN = 30;

/** The last calls and events: a click fills them in again. */
export function HistoryList() {
  const explorer = useExplorer();
  const entries = useStore(explorer.history.entries);
  // Why: what the server has is not known yet, and so no form could be filled in.
  const isLoading = useStore(explorer.isLoading);
  if (entries.length === 0) return null;
  return (
    <section class="panel history" aria-label="History">
      <div class="section-bar">
        <h3>History</h3>
        <span class="hint">kept in this browser, without credentials</span>
        <span class="spacer" />
        <button
          type="button"
          class="quiet-button"
          onClick={() => {
            explorer.history.clear();
          }}
        >
          Clear history
        </button>
      </div>
      <ol class="history-list">
        {entries.slice(0, SHOWN).map((entry, index) => (
          <li key={`${entry.at} ${index}`}>
            <button
              type="button"
              class="history-entry"
              disabled={isLoading}
              onClick={() => {
                openFromHistory(explorer, entry);
              }}
            >
              <span class={`dot dot-${entry.outcome === 'ok' ? 'done' : entry.outcome}`} aria-hidden="true" />
              <span class="visually-hidden">{entry.outcome}</span>
              <span class="history-name">
                <bdi>{`${entry.interfaceName}.${entry.name}`}</bdi>
              </span>
              <span class="history-args">
                <bdi>{entry.args ?? '(arguments too large to keep)'}</bdi>
              </span>
              <span class="history-detail">
                <bdi>{entry.detail}</bdi>
              </span>
              <span class="history-time">{shortTime(entry.durationMs)}</span>
              <span class="history-time">{clockTime(entry.at).slice(0, 8)}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
