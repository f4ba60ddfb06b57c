import { useState } from 'preact/hooks';
import type { ArgumentEntry } from '../model/catalogue.js';
import { emptyDraft, readDraft, type Draft, type Problem } from '../model/draft.js';
import type { StreamFeed } from '../state/stream-feed.js';
import { FieldInput } from './field-input.js';
import { useExplorer, useStore } from './use-store.js';

interface StreamProps {
  readonly feed: StreamFeed;
  readonly arg: ArgumentEntry | undefined;
  readonly index: number;
}

/** An argument that streams: its values are typed one by one, while the call is under way. */
export function StreamArguments({ feed, arg, index }: StreamProps) {
  const { catalogue } = useExplorer();
  const { definitions } = useStore(catalogue);
  const { sent, waiting, state } = useStore(feed.view);
  const [draft, setDraft] = useState<Draft>(() => emptyDraft(arg?.schema, definitions));
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const name = arg?.name ?? `argument ${index + 1}`;
  const isOpen = state === 'open';
  const send = (): void => {
    const found: Problem[] = [];
    const value = readDraft(draft, arg?.schema, definitions, found);
    setProblems(found);
    if (found.length === 0 && feed.push(value)) setDraft(emptyDraft(arg?.schema, definitions));
  };
  return (
    <form
      class="feed"
      aria-label={`Values of ${name}`}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <p class="hint" role="status">
        <bdi>{name}</bdi>
        {`: ${sent} sent${waiting > 0 ? `, ${waiting} wait for the server` : ''}${isOpen ? '' : state === 'ended' ? ', ended' : ', the server wants no more'}`}
      </p>
      {isOpen ? (
        <>
          <FieldInput
            label={`Next value of ${name}`}
            schema={arg?.schema}
            definitions={definitions}
            draft={draft}
            problems={problems}
            path={[]}
            onChange={setDraft}
          />
          <div class="row">
            <button type="submit" class="button small">
              Send value
            </button>
            <button
              type="button"
              class="button small"
              onClick={() => {
                feed.end();
              }}
            >
              End the stream
            </button>
          </div>
        </>
      ) : null}
    </form>
  );
}
