import type { ArgumentEntry } from './catalogue.js';
import { draftOf, emptyDraft, readDraft, type Draft, type Problem } from './draft.js';
import type { Unknowns } from './untrusted.js';
import { readText, writeText } from './value-text.js';

/** The arguments of a call, as they were filled in so far: by a form, or as the text of their array. */
export interface ArgumentsDraft {
  readonly mode: 'form' | 'text';
  /** By position; undefined: left out, or a stream, whose values are typed later. */
  readonly drafts: readonly (Draft | undefined)[];
  readonly text: string;
}

/** What was read of the arguments. */
export interface ArgumentsReading {
  /** undefined in the place of streams. */
  readonly args: readonly unknown[];
  /** The positions of arguments that stream. */
  readonly streams: readonly number[];
  readonly problems: readonly Problem[];
}

/** Arguments that nobody has filled in yet. Where nothing is known of them: their array, as a text. */
export function emptyArguments(
  args: readonly ArgumentEntry[] | undefined,
  definitions: Unknowns,
): ArgumentsDraft {
  const drafts = (args ?? []).map(({ schema, isOptional, streams }) =>
    isOptional || streams ? undefined : emptyDraft(schema, definitions),
  );
  return { mode: args ? 'form' : 'text', drafts, text: '[]' };
}

/** Reads the arguments. */
export function readArguments(
  draft: ArgumentsDraft,
  args: readonly ArgumentEntry[] | undefined,
  definitions: Unknowns,
): ArgumentsReading {
  const streams = [...(args ?? []).entries()].filter(([, arg]) => arg.streams).map(([index]) => index);
  if (draft.mode === 'text' || !args) return readTextOfArguments(draft.text, streams);
  const problems: Problem[] = [];
  const values = args.map((arg, index) => {
    const each = draft.drafts[index];
    if (each) return readDraft(each, arg.schema, definitions, problems, [arg.name]);
    return undefined;
  });
  // What is left out at the end is not sent.
  const last = args.findLastIndex((arg, index) => arg.streams || draft.drafts[index] !== undefined);
  return { args: values.slice(0, last + 1), streams, problems };
}

/** The same arguments as a text, or as a form where there is one. */
export function switchMode(
  draft: ArgumentsDraft,
  mode: ArgumentsDraft['mode'],
  args: readonly ArgumentEntry[] | undefined,
  definitions: Unknowns,
): ArgumentsDraft {
  if (mode === draft.mode || !args) return draft;
  const reading = readArguments(draft, args, definitions);
  if (mode === 'text')
    return { ...draft, mode, text: reading.problems.length > 0 ? draft.text : writeText(reading.args) };
  if (reading.problems.length > 0) return draft;
  return { ...draftArguments(reading.args, args, definitions), text: draft.text };
}

/** The form that stands for arguments, as for those of the history. */
export function draftArguments(
  values: readonly unknown[],
  args: readonly ArgumentEntry[] | undefined,
  definitions: Unknowns,
): ArgumentsDraft {
  const text = writeText(values);
  if (!args || values.length > args.length) return { mode: 'text', drafts: [], text };
  const drafts = args.map(({ schema, streams, isOptional }, index) => {
    if (streams) return undefined;
    const isGiven = index < values.length && !(isOptional && values[index] === undefined);
    if (isGiven) return draftOf(values[index], schema, definitions);
    return isOptional ? undefined : emptyDraft(schema, definitions);
  });
  return { mode: 'form', drafts, text };
}

function readTextOfArguments(text: string, streams: readonly number[]): ArgumentsReading {
  const reading = readText(text);
  if (!reading.ok) {
    const message = `${reading.message} (line ${reading.line}, column ${reading.column})`;
    return { args: [], streams, problems: [{ path: [], message }] };
  }
  if (!Array.isArray(reading.value)) {
    const problem = { path: [], message: 'The arguments are an array: [first, second]' };
    return { args: [], streams, problems: [problem] };
  }
  const args = [...(reading.value as unknown[])];
  for (const index of streams) args[index] = undefined;
  return { args: Array.from(args), streams, problems: [] };
}
