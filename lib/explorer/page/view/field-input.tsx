import { useId } from 'preact/hooks';
import type { BytesNotation } from '../model/bytes.js';
import {
  emptyDraft,
  itemSchema,
  memberSchema,
  type Draft,
  type DraftMember,
  type Problem,
} from '../model/draft.js';
import { fieldOf, notesOf, type Field } from '../model/field.js';
import { typeLabel } from '../model/schema.js';
import type { Unknowns } from '../model/untrusted.js';
import { writeLine } from '../model/value-text.js';
import { hexOf } from '../model/bytes.js';
import { Icon } from './icons.js';
import { TextEditor } from './text-editor.js';

/** What each part of a form is given. */
export interface FieldProps {
  readonly label: string;
  readonly schema: unknown;
  readonly definitions: Unknowns;
  readonly draft: Draft;
  readonly problems: readonly Problem[];
  readonly path: Problem['path'];
  /** What is said of it besides its schema. */
  readonly description?: string | undefined;
  readonly depth?: number;
  /** Whether its name stands right above already. */
  readonly isNamed?: boolean;
  readonly onChange: (draft: Draft) => void;
}

/** A field of a form, as its schema asks for it, with what is within. */
export function FieldInput(props: FieldProps) {
  const { label, schema, definitions, draft, problems, path, onChange } = props;
  const field = fieldOf(schema, definitions);
  const own = problems.find((problem) => samePath(problem.path, path))?.message;
  switch (draft.kind) {
    case 'object':
      return <ObjectInput {...props} draft={draft} field={field} problem={own} />;
    case 'list':
      return <ListInput {...props} draft={draft} field={field} problem={own} />;
    case 'union':
      return <UnionInput {...props} draft={draft} field={field} />;
    case 'any':
      return (
        <div class="field">
          <TextEditor
            label={label}
            text={draft.text}
            rows={2}
            problem={own}
            onChange={(text) => {
              onChange({ kind: 'any', text });
            }}
          />
          <Notes {...props} />
        </div>
      );
    default:
      return <SimpleInput {...props} field={field} problem={own} />;
  }
}

type WithField<Kind extends Draft['kind'] = Draft['kind']> = FieldProps & {
  readonly draft: Extract<Draft, { kind: Kind }>;
  readonly field: Field;
  readonly problem?: string | undefined;
};

function Legend({ label, schema, definitions, isNamed = false }: FieldProps) {
  return (
    <legend class={isNamed ? 'visually-hidden' : 'label'}>
      <bdi>{label}</bdi> <span class="type">{typeLabel(schema, definitions)}</span>
    </legend>
  );
}

function Notes({ schema, definitions, description, id }: FieldProps & { readonly id?: string }) {
  const notes = notesOf(schema, definitions);
  const texts = [description ?? notes.description ?? notes.title, notes.hints.join(', ')].filter(Boolean);
  return texts.length === 0 ? null : (
    <p class="hint" id={id}>
      <bdi>{texts.join(' · ')}</bdi>
    </p>
  );
}

function SimpleInput(props: WithField) {
  const { label, draft, schema, definitions, problem } = props;
  const id = useId();
  if (draft.kind === 'flag') return <FlagInput {...props} draft={draft} />;
  return (
    <div class="field">
      <label class={props.isNamed ? 'visually-hidden' : 'label'} for={id}>
        <bdi>{label}</bdi> <span class="type">{typeLabel(schema, definitions)}</span>
      </label>
      <Control {...props} id={id} />
      <Notes {...props} id={`${id}-notes`} />
      <p class="problem" id={`${id}-problem`}>
        {problem}
      </p>
    </div>
  );
}

function Control(props: WithField & { readonly id: string }) {
  const { id, draft, field, problem, onChange } = props;
  const common = {
    id,
    'aria-describedby': `${id}-notes ${id}-problem`,
    'aria-invalid': problem !== undefined,
  };
  switch (draft.kind) {
    case 'number':
      return (
        <input
          {...common}
          class="input short"
          inputMode={field.kind === 'number' && field.isInteger ? 'numeric' : 'decimal'}
          autocomplete="off"
          value={draft.text}
          onInput={(event) => {
            onChange({ kind: 'number', text: event.currentTarget.value });
          }}
        />
      );
    case 'choice':
      return (
        <select
          {...common}
          class="input"
          value={String(draft.index)}
          onChange={(event) => {
            onChange({ kind: 'choice', index: Number(event.currentTarget.value) });
          }}
        >
          {(field.kind === 'choice' ? field.values : []).map((value, index) => (
            <option key={index} value={String(index)}>
              {typeof value === 'string' ? value : writeLine(value, 80)}
            </option>
          ))}
        </select>
      );
    case 'constant':
      return (
        <output {...common} class="constant">
          {writeLine(field.kind === 'constant' ? field.value : undefined, 80)}
        </output>
      );
    case 'bytes':
      return <BytesControl {...props} draft={draft} common={common} />;
    case 'text':
      return <TextControl {...props} draft={draft} common={common} />;
    default:
      return null;
  }
}

interface CommonAttributes {
  readonly id: string;
  readonly 'aria-describedby': string;
  readonly 'aria-invalid': boolean;
}

function TextControl({
  draft,
  field,
  common,
  onChange,
}: WithField<'text'> & { readonly common: CommonAttributes }) {
  const { isLong = false, isSecret = false } = field.kind === 'text' ? field : {};
  const changed = (text: string): void => {
    onChange({ kind: 'text', text });
  };
  if ((isLong || draft.text.includes('\n')) && !isSecret)
    return (
      <textarea
        {...common}
        class="input"
        rows={4}
        value={draft.text}
        onInput={(event) => {
          changed(event.currentTarget.value);
        }}
      />
    );
  const attributes = {
    ...common,
    class: 'input',
    autocomplete: 'off',
    value: draft.text,
    onInput: (event: { readonly currentTarget: HTMLInputElement }) => {
      changed(event.currentTarget.value);
    },
  } as const;
  return isSecret ? <input {...attributes} type="password" /> : <input {...attributes} type="text" />;
}

function BytesControl({
  draft,
  label,
  common,
  onChange,
}: WithField<'bytes'> & { readonly common: CommonAttributes }) {
  const readFile = async (file: File | undefined): Promise<void> => {
    if (file)
      onChange({ kind: 'bytes', notation: 'hex', text: hexOf(new Uint8Array(await file.arrayBuffer())) });
  };
  return (
    <div class="bytes-control">
      <textarea
        {...common}
        class="code-input"
        rows={2}
        spellcheck={false}
        value={draft.text}
        onInput={(event) => {
          onChange({ ...draft, text: event.currentTarget.value });
        }}
      />
      <div class="row">
        <select
          class="input short"
          aria-label={`How the bytes of ${label} are written`}
          value={draft.notation}
          onChange={(event) => {
            onChange({ ...draft, notation: event.currentTarget.value as BytesNotation });
          }}
        >
          <option value="hex">hexadecimal</option>
          <option value="base64">base64</option>
          <option value="text">text, as UTF-8</option>
        </select>
        <input
          type="file"
          class="file"
          aria-label={`A file with the bytes of ${label}`}
          onChange={(event) => void readFile(event.currentTarget.files?.[0])}
        />
      </div>
    </div>
  );
}

function FlagInput(props: WithField<'flag'>) {
  const id = useId();
  const { label, draft, onChange } = props;
  return (
    <div class="field">
      <label class="check" for={id}>
        <input
          id={id}
          type="checkbox"
          checked={draft.value}
          onChange={(event) => {
            onChange({ kind: 'flag', value: event.currentTarget.checked });
          }}
        />
        <bdi>{label}</bdi> <span class="type">boolean</span>
      </label>
      <Notes {...props} />
    </div>
  );
}

function UnionInput(props: WithField<'union'>) {
  const { label, draft, field, definitions, depth = 0, onChange } = props;
  const id = useId();
  // One within another is named by the outer one.
  if (field.kind !== 'union') return null;
  const schema = field.options[draft.index]?.schema;
  return (
    <fieldset class="group">
      <legend class="label">
        <bdi>{label}</bdi>
      </legend>
      <Notes {...props} />
      <div class="row">
        <label class="hint" for={id}>
          is
        </label>
        <select
          id={id}
          class="input"
          value={String(draft.index)}
          onChange={(event) => {
            const index = Number(event.currentTarget.value);
            const chosen = field.options[index]?.schema;
            onChange({ kind: 'union', index, draft: emptyDraft(chosen, definitions, depth + 1) });
          }}
        >
          {field.options.map((option, index) => (
            <option key={index} value={String(index)}>
              {option.label}
            </option>
          ))}
        </select>
      </div>
      {draft.draft.kind === 'constant' ? null : (
        <FieldInput
          {...props}
          key={draft.index}
          label={label}
          description={undefined}
          schema={schema}
          draft={draft.draft}
          depth={depth + 1}
          isNamed
          onChange={(inner) => {
            onChange({ ...draft, draft: inner });
          }}
        />
      )}
    </fieldset>
  );
}

function ListInput(props: WithField<'list'>) {
  const { label, draft, field, definitions, problems, path, problem, depth = 0, onChange } = props;
  const { items } = draft;
  if (field.kind !== 'list') return null;
  const replace = (index: number, ...by: Draft[]): void => {
    onChange({ kind: 'list', items: items.toSpliced(index, 1, ...by) });
  };
  return (
    <fieldset class={`group ${props.isNamed ? 'is-inner' : ''}`}>
      <Legend {...props} />
      <Notes {...props} />
      {items.map((item, index) => (
        <div class="item" key={index}>
          <FieldInput
            label={`${label} ${index + 1}`}
            schema={itemSchema(field, index)}
            definitions={definitions}
            draft={item}
            problems={problems}
            path={[...path, index]}
            depth={depth + 1}
            onChange={(inner) => {
              replace(index, inner);
            }}
          />
          <RemoveButton
            label={`Remove ${label} ${index + 1}`}
            onRemove={() => {
              replace(index);
            }}
          />
        </div>
      ))}
      <button
        type="button"
        class="button small"
        disabled={items.length >= field.maxItems}
        onClick={() => {
          const added = emptyDraft(itemSchema(field, items.length), definitions, depth + 1);
          onChange({ kind: 'list', items: [...items, added] });
        }}
      >
        <Icon name="plus" />
        {`Add to ${label}`}
      </button>
      <p class="problem">{problem}</p>
    </fieldset>
  );
}

function ObjectInput(props: WithField<'object'>) {
  const { label, draft, field, definitions, problems, path, problem, depth = 0, onChange } = props;
  const { members } = draft;
  const known = field.kind === 'object' ? field.members : [];
  const missing = known.filter(
    ({ name }) => !members.some((member) => !member.isExtra && member.name === name),
  );
  const isOpen = field.kind === 'object' && field.others !== undefined;
  const replace = (index: number, ...by: DraftMember[]): void => {
    onChange({ kind: 'object', members: members.toSpliced(index, 1, ...by) });
  };
  const add = (name: string, schema: unknown, isExtra: boolean): void => {
    const added = { name, isExtra, draft: emptyDraft(schema, definitions, depth + 1) };
    onChange({ kind: 'object', members: [...members, added] });
  };
  return (
    <fieldset class={`group ${props.isNamed ? 'is-inner' : ''}`}>
      <Legend {...props} />
      <Notes {...props} />
      {members.map((member, index) => {
        const isRequired =
          !member.isExtra && known.some(({ name, isRequired }) => isRequired && name === member.name);
        return (
          <div class="item" key={member.isExtra ? index : member.name}>
            {member.isExtra ? (
              <input
                class="input short"
                aria-label={`Name of member ${index + 1} of ${label}`}
                placeholder="name"
                autocomplete="off"
                value={member.name}
                onInput={(event) => {
                  replace(index, { ...member, name: event.currentTarget.value });
                }}
              />
            ) : null}
            <FieldInput
              label={member.isExtra ? `Value of ${member.name || 'the member'}` : member.name}
              schema={memberSchema(field, member)}
              definitions={definitions}
              draft={member.draft}
              problems={problems}
              path={[...path, member.name]}
              depth={depth + 1}
              onChange={(inner) => {
                replace(index, { ...member, draft: inner });
              }}
            />
            {isRequired ? null : (
              <RemoveButton
                label={`Leave out ${member.name || 'the member'}`}
                onRemove={() => {
                  replace(index);
                }}
              />
            )}
          </div>
        );
      })}
      <div class="row wrap">
        {missing.map(({ name, schema }) => (
          <button
            key={name}
            type="button"
            class="button small"
            onClick={() => {
              add(name, schema, false);
            }}
          >
            <Icon name="plus" />
            <bdi>{name}</bdi>
          </button>
        ))}
        {isOpen ? (
          <button
            type="button"
            class="button small"
            onClick={() => {
              add('', field.others, true);
            }}
          >
            <Icon name="plus" />
            {`Add a member to ${label}`}
          </button>
        ) : null}
      </div>
      <p class="problem">{problem}</p>
    </fieldset>
  );
}

/** Leaves something out of a form. */
export function RemoveButton({ label, onRemove }: { readonly label: string; readonly onRemove: () => void }) {
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} onClick={onRemove}>
      <Icon name="close" />
    </button>
  );
}

function samePath(one: Problem['path'], other: Problem['path']): boolean {
  return one.length === other.length && one.every((part, index) => part === other[index]);
}
