import type { ArgumentsDraft } from '../model/arguments.js';
import { switchMode } from '../model/arguments.js';
import type { ArgumentEntry } from '../model/catalogue.js';
import { emptyDraft, type Problem } from '../model/draft.js';
import { typeLabel } from '../model/schema.js';
import type { Unknowns } from '../model/untrusted.js';
import { FieldInput, RemoveButton } from './field-input.js';
import { Icon } from './icons.js';
import { TextEditor } from './text-editor.js';

interface ArgumentsProps {
  /** @default 'Arguments' */
  readonly title?: string;
  /** The heading in which it stands. @default that of a part of the page */
  readonly heading?: 'h2' | 'h3';
  readonly args: readonly ArgumentEntry[] | undefined;
  readonly definitions: Unknowns;
  readonly draft: ArgumentsDraft;
  readonly problems: readonly Problem[];
  readonly onChange: (draft: ArgumentsDraft) => void;
}

/** The arguments of a call or event: a field for each, or their array as a text. */
export function ArgumentsForm(props: ArgumentsProps) {
  const {
    title = 'Arguments',
    heading: Heading = 'h3',
    args,
    definitions,
    draft,
    problems,
    onChange,
  } = props;
  return (
    <section class="arguments" aria-label={title}>
      <div class="section-bar">
        <Heading class="part-title">{title}</Heading>
        {args ? (
          <div class="segmented" role="group" aria-label={`How the ${title.toLowerCase()} are filled in`}>
            {(['form', 'text'] as const).map((mode) => (
              <button
                key={mode}
                type="button"
                aria-pressed={draft.mode === mode}
                onClick={() => {
                  onChange(switchMode(draft, mode, args, definitions));
                }}
              >
                {mode === 'form' ? 'Form' : 'MDSF / JSON'}
              </button>
            ))}
          </div>
        ) : null}
      </div>
      {draft.mode === 'text' || !args ? (
        <TextEditor
          label={`The array of ${title.toLowerCase()}, as MDSF or JSON`}
          text={draft.text}
          rows={4}
          problem={problems[0]?.message}
          onChange={(text) => {
            onChange({ ...draft, text });
          }}
        />
      ) : (
        <Fields {...props} args={args} />
      )}
    </section>
  );
}

function Fields({
  args,
  definitions,
  draft,
  problems,
  onChange,
}: ArgumentsProps & { args: readonly ArgumentEntry[] }) {
  const replace = (index: number, by: ArgumentsDraft['drafts'][number]): void => {
    onChange({ ...draft, drafts: args.map((_, at) => (at === index ? by : draft.drafts[at])) });
  };
  if (args.length === 0) return <p class="hint">None.</p>;
  return (
    <>
      {args.map((arg, index) => {
        const own = draft.drafts[index];
        if (arg.streams) return <StreamNote key={index} arg={arg} definitions={definitions} />;
        if (!own)
          return (
            <div class="row" key={index}>
              <button
                type="button"
                class="button small"
                onClick={() => {
                  replace(index, emptyDraft(arg.schema, definitions));
                }}
              >
                <Icon name="plus" />
                <bdi>{arg.name}</bdi>
              </button>
              <span class="hint">optional, {typeLabel(arg.schema, definitions)}</span>
            </div>
          );
        return (
          <div class="item" key={index}>
            <FieldInput
              label={arg.name}
              description={arg.description}
              schema={arg.schema}
              definitions={definitions}
              draft={own}
              problems={problems}
              path={[arg.name]}
              onChange={(inner) => {
                replace(index, inner);
              }}
            />
            {arg.isOptional ? (
              <RemoveButton
                label={`Leave out ${arg.name}`}
                onRemove={() => {
                  replace(index, undefined);
                }}
              />
            ) : null}
          </div>
        );
      })}
    </>
  );
}

function StreamNote({ arg, definitions }: { readonly arg: ArgumentEntry; readonly definitions: Unknowns }) {
  return (
    <div class="field">
      <p class="label">
        <bdi>{arg.name}</bdi> <span class="type">{`stream of ${typeLabel(arg.schema, definitions)}`}</span>
      </p>
      <p class="hint">
        {arg.description ? <bdi>{arg.description} · </bdi> : null}
        Its values are typed one by one, once the call is under way.
      </p>
    </div>
  );
}
