import { useState } from 'preact/hooks';
import type { MemberEntry } from '../model/catalogue.js';
import { shortNumber, shortTime } from '../model/numbers.js';
import { writeText } from '../model/value-text.js';
import { MAX_VALUES, type CallRun, type CallValue, type RunView } from '../state/call-run.js';
import { CopyButton } from './copy-button.js';
import { ErrorBox } from './error-box.js';
import { Icon } from './icons.js';
import { StreamArguments } from './stream-arguments.js';
import { useStore } from './use-store.js';
import { ValueTree } from './value-tree.js';

const STATE_NAMES = {
  running: 'Under way',
  paused: 'Paused',
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
};
/** Of many values, so many are shown at once. */
const SHOWN_VALUES = 100;
const REFRESH_MS = 100;

/** A call under way, or what came of it. */
export function RunResult({ run, member }: { readonly run: CallRun; readonly member: MemberEntry }) {
  const view = useStore(run.view, run.isOpen ? REFRESH_MS : 0);
  const isStream = member.streams || view.count > 1 || run.target.streams.length > 0;
  return (
    <section class="result" aria-label="Result">
      <div class="section-bar">
        <h3>Result</h3>
        <p class="run-state" role="status">
          <span class={`dot dot-${view.state}`} aria-hidden="true" />
          {STATE_NAMES[view.state]}
          {isStream ? `, ${shortNumber(view.count)} ${view.count === 1 ? 'value' : 'values'}` : ''}
        </p>
        <span class="run-time">
          {view.state === 'running' && view.count === 0 ? '' : shortTime(view.durationMs)}
        </span>
        <span class="spacer" />
        <RunButtons run={run} view={view} isStream={isStream} />
      </div>
      {[...run.feeds].map(([index, feed]) => (
        <StreamArguments key={index} feed={feed} arg={member.args?.[index]} index={index} />
      ))}
      {view.error ? <ErrorBox error={view.error} /> : null}
      {isStream ? <Values view={view} /> : <OneValue view={view} />}
    </section>
  );
}

function RunButtons({
  run,
  view,
  isStream,
}: {
  readonly run: CallRun;
  readonly view: RunView;
  readonly isStream: boolean;
}) {
  const { state, values } = view;
  const isOpen = state === 'running' || state === 'paused';
  return (
    <div class="row">
      {isOpen && isStream ? (
        <>
          <button
            type="button"
            class="button small"
            onClick={() => {
              if (state === 'paused') run.resume();
              else run.pause();
            }}
          >
            <Icon name={state === 'paused' ? 'play' : 'pause'} />
            {state === 'paused' ? 'Go on' : 'Pause'}
          </button>
          <button
            type="button"
            class="button small"
            disabled={state !== 'paused'}
            onClick={() => {
              run.step();
            }}
          >
            <Icon name="step" />
            Next value
          </button>
        </>
      ) : null}
      {isOpen ? (
        <button
          type="button"
          class="button small danger"
          onClick={() => {
            run.cancel();
          }}
        >
          <Icon name="stop" />
          Cancel
        </button>
      ) : null}
      {values.length > 0 ? <CopyButton label="Copy result" text={() => copied(values, isStream)} /> : null}
    </div>
  );
}

function copied(values: readonly CallValue[], isStream: boolean): string {
  const all = values.map(({ value }) => value);
  return writeText(isStream ? all : all[0]);
}

function OneValue({ view }: { readonly view: RunView }) {
  const first = view.values.at(0);
  if (first) return <ValueTree value={first.value} />;
  if (view.state === 'done') return <p class="hint">Done. The method has answered nothing.</p>;
  return view.state === 'running' ? <p class="hint">Waiting for the answer…</p> : null;
}

function Values({ view }: { readonly view: RunView }) {
  const [isNewestFirst, setNewestFirst] = useState(true);
  const { values, count, state } = view;
  const last = values.slice(-SHOWN_VALUES);
  const shown = isNewestFirst ? last.toReversed() : last;
  return (
    <>
      {state === 'paused' ? (
        <p class="hint">Nothing more is read. The server sends a few values ahead, and then waits.</p>
      ) : null}
      {count > 1 ? (
        <p class="values-bar hint">
          <label class="check">
            <input
              type="checkbox"
              checked={isNewestFirst}
              onChange={(event) => {
                setNewestFirst(event.currentTarget.checked);
              }}
            />
            newest first
          </label>
          {count > last.length ? `The last ${last.length} of ${shortNumber(count)}` : ''}
          {count > MAX_VALUES ? ` (the last ${MAX_VALUES} are kept, and copied)` : ''}
        </p>
      ) : null}
      <ol class="values" tabIndex={0} aria-label="Values">
        {shown.map(({ number, afterMs, value }) => (
          <li key={number}>
            <span class="value-number">{number}</span>
            <ValueTree value={value} isOpen={false} />
            <span class="value-time">{`+${shortTime(afterMs)}`}</span>
          </li>
        ))}
      </ol>
      {count === 0 && state === 'running' ? <p class="hint">Waiting for the first value…</p> : null}
    </>
  );
}
