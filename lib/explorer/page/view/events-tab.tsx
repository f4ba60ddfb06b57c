import { useState } from 'preact/hooks';
import { unknownMember } from '../model/catalogue.js';
import { clockTime, shortNumber } from '../model/numbers.js';
import { RemoveButton } from './field-input.js';
import { Icon } from './icons.js';
import { useExplorer, useStore } from './use-store.js';
import { ValueTree } from './value-tree.js';

const REFRESH_MS = 100;

/** The server's events as they come, and a way to emit some. */
export function EventsTab() {
  const explorer = useExplorer();
  const { events } = explorer;
  const entries = useStore(events.entries, REFRESH_MS);
  const count = useStore(events.count, REFRESH_MS);
  const isPaused = useStore(events.isPaused);
  return (
    <section class="panel" aria-label="Events">
      <div class="section-bar">
        <h2>Events</h2>
        <p class="hint" role="status">{`${shortNumber(count)} received`}</p>
        <span class="spacer" />
        <button
          type="button"
          class="button small"
          aria-pressed={isPaused}
          onClick={() => {
            events.isPaused.set(!isPaused);
          }}
        >
          <Icon name={isPaused ? 'play' : 'pause'} />
          {isPaused ? 'Go on' : 'Pause'}
        </button>
        <button
          type="button"
          class="button small"
          onClick={() => {
            events.clear();
          }}
        >
          Clear
        </button>
      </div>
      <Watched />
      <EmitLink />
      {entries.length === 0 ? (
        <p class="empty">No event yet. What the server emits to this session appears here at once.</p>
      ) : (
        <ol class="log" tabIndex={0} aria-label="Received events">
          {entries.toReversed().map(({ id, at, interfaceName, name, args }) => (
            <li key={id}>
              <span class="log-time">{clockTime(at)}</span>
              <span class="log-name">
                <bdi>{`${interfaceName}.${name}`}</bdi>
              </span>
              <ValueTree value={args.length === 1 ? args[0] : args} isOpen={false} />
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function Watched() {
  const { events, catalogue } = useExplorer();
  const watched = useStore(events.watched);
  const { interfaces } = useStore(catalogue);
  const [name, setName] = useState('');
  const known = interfaces.flatMap(({ members }) =>
    members.filter(({ kind }) => kind === 'emits').map((member) => `${member.interfaceName}.${member.name}`),
  );
  return (
    <form
      class="row wrap watched"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== '') events.watch(name.trim());
        setName('');
      }}
    >
      <span class="label">Shown:</span>
      {watched.length === 0 ? <span class="chip">all events</span> : null}
      {watched.map((each) => (
        <span class="chip" key={each}>
          <bdi>{each}</bdi>
          <RemoveButton
            label={`Do not watch ${each} any more`}
            onRemove={() => {
              events.unwatch(each);
            }}
          />
        </span>
      ))}
      <input
        class="input short"
        list="known-events"
        aria-label="An event to watch, as interface.event"
        placeholder="interface.event"
        autocomplete="off"
        spellcheck={false}
        value={name}
        onInput={(event) => {
          setName(event.currentTarget.value);
        }}
      />
      <datalist id="known-events">
        {known.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <button type="submit" class="button small">
        Watch only
      </button>
    </form>
  );
}

/** Leads to the form of an event, known or typed by hand. */
function EmitLink() {
  const explorer = useExplorer();
  const { interfaces } = useStore(explorer.catalogue);
  const [name, setName] = useState('');
  const events = interfaces.flatMap(({ members }) => members.filter(({ kind }) => kind === 'event'));
  return (
    <form
      class="row wrap watched"
      onSubmit={(event) => {
        event.preventDefault();
        const cut = name.trim().lastIndexOf('.');
        if (cut <= 0) return;
        const [interfaceName, eventName] = [name.trim().slice(0, cut), name.trim().slice(cut + 1)];
        const known = events.find((each) => each.interfaceName === interfaceName && each.name === eventName);
        explorer.open(known ?? unknownMember('event', interfaceName, eventName));
      }}
    >
      <span class="label">Emit:</span>
      <input
        class="input short"
        list="emitted-events"
        aria-label="An event to emit, as interface.event"
        placeholder="interface.event"
        autocomplete="off"
        spellcheck={false}
        value={name}
        onInput={(event) => {
          setName(event.currentTarget.value);
        }}
      />
      <datalist id="emitted-events">
        {events.map((each) => (
          <option key={`${each.interfaceName}.${each.name}`} value={`${each.interfaceName}.${each.name}`} />
        ))}
      </datalist>
      <button type="submit" class="button small">
        Fill in
      </button>
    </form>
  );
}
