import { useId } from 'preact/hooks';
import { readText, writeText, type Notation } from '../model/value-text.js';

interface EditorProps {
  readonly label: string;
  readonly text: string;
  readonly rows?: number;
  readonly problem?: string | undefined;
  readonly onChange: (text: string) => void;
}

/** A value as text, in MDSF or JSON. What is wrong with it is said while it is typed. */
export function TextEditor({ label, text, rows = 5, problem, onChange }: EditorProps) {
  const id = useId();
  const reading = readText(text);
  const wrong = reading.ok
    ? undefined
    : text.trim() === ''
      ? undefined
      : `Line ${reading.line}, column ${reading.column}: ${reading.message}`;
  const message = wrong ?? problem;
  const rewrite = (notation: Notation): void => {
    if (reading.ok) onChange(writeText(reading.value, notation));
  };
  return (
    <div class="editor">
      <div class="editor-bar">
        <label class="label" for={id}>
          {label}
        </label>
        <span class="spacer" />
        {(['mdsf', 'json'] as const).map((notation) => (
          <button
            key={notation}
            type="button"
            class="quiet-button"
            disabled={!reading.ok}
            onClick={() => {
              rewrite(notation);
            }}
          >
            {`Format as ${notation.toUpperCase()}`}
          </button>
        ))}
      </div>
      <textarea
        id={id}
        class="code-input"
        rows={Math.min(24, Math.max(rows, text.split('\n').length))}
        spellcheck={false}
        autocapitalize="off"
        autocomplete="off"
        value={text}
        aria-invalid={message !== undefined}
        aria-describedby={`${id}-problem`}
        onInput={(event) => {
          onChange(event.currentTarget.value);
        }}
      />
      <p id={`${id}-problem`} class="problem">
        {message}
      </p>
    </div>
  );
}
