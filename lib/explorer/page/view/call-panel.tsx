import { useEffect } from 'preact/hooks';
import { readArguments } from '../model/arguments.js';
import { ANY_INTERFACE, type MemberEntry } from '../model/catalogue.js';
import { copyAsCode, copyAsCommand } from '../model/copy-as.js';
import { typeLabel } from '../model/schema.js';
import { makeCall, sendEvent } from '../state/make-call.js';
import type { Bench } from '../state/workbench.js';
import { ArgumentsForm } from './arguments-form.js';
import { CopyButton } from './copy-button.js';
import { HistoryList } from './history-list.js';
import { Icon } from './icons.js';
import { RunResult } from './run-result.js';
import { ErrorBox } from './error-box.js';
import { callKeys } from './surface.js';
import { useExplorer, useStore } from './use-store.js';

/** The method or event that is chosen: what it is, its arguments, and what came of calls. */
export function CallPanel() {
  const { workbench } = useExplorer();
  const bench = useStore(workbench.current);
  return (
    <div class="call-panel">
      {bench ? (
        <Open key={`${bench.member.kind} ${bench.member.interfaceName} ${bench.member.name}`} bench={bench} />
      ) : (
        <Nothing />
      )}
      <HistoryList />
    </div>
  );
}

function Nothing() {
  const { catalogue } = useExplorer();
  const { name, version, description, isDescribed } = useStore(catalogue);
  return (
    <section class="panel">
      <h2>
        <bdi>{name}</bdi> {version}
      </h2>
      {description ? <p class="description">{description}</p> : null}
      <p class="hint">
        {isDescribed
          ? 'Choose a method or an event on the left. Press “/” to search, “?” for all keys.'
          : 'This server does not describe itself (its option `reflection` is off). Type the name of an interface on the left to see its methods, or a method’s name to call it.'}
      </p>
    </section>
  );
}

function Open({ bench }: { readonly bench: Bench }) {
  const { member } = bench;
  return (
    <article class="panel">
      <Heading member={member} />
      {member.kind === 'emits' ? <EmitsActions member={member} /> : <Prepared bench={bench} />}
    </article>
  );
}

const KIND_NAMES = { method: 'method', event: 'event to the server', emits: 'event of the server' };

function Heading({ member }: { readonly member: MemberEntry }) {
  const { catalogue } = useExplorer();
  const { definitions } = useStore(catalogue);
  const { kind, interfaceName, name, description, deprecated, since, result, streams, isIdempotent } = member;
  return (
    <header class="member-heading">
      <h2>
        <span class="member-interface">
          <bdi>{interfaceName}</bdi>.
        </span>
        <wbr />
        <bdi>{name}</bdi>
      </h2>
      <p class="badges">
        <span class={`badge badge-${kind}`}>{KIND_NAMES[kind]}</span>
        {streams ? <span class="badge">streams</span> : null}
        {isIdempotent ? <span class="badge">idempotent</span> : null}
        {deprecated === undefined ? null : <span class="badge badge-warn">deprecated</span>}
        {since ? <span class="badge">since {since}</span> : null}
        {kind === 'method' && result !== undefined ? (
          <span class="returns">
            {streams ? 'values' : 'result'}: <code>{typeLabel(result, definitions)}</code>
          </span>
        ) : null}
      </p>
      {deprecated ? <p class="warning">{deprecated}</p> : null}
      {description ? <p class="description">{description}</p> : null}
    </header>
  );
}

function EmitsActions({ member }: { readonly member: MemberEntry }) {
  const explorer = useExplorer();
  const { definitions } = useStore(explorer.catalogue);
  const { interfaceName, name, args } = member;
  return (
    <>
      {args ? (
        <ul class="plain-list">
          {args.map((arg, index) => (
            <li key={index}>
              <bdi>{arg.name}</bdi>: <code>{typeLabel(arg.schema, definitions)}</code>
              {arg.description ? <span class="hint"> {arg.description}</span> : null}
            </li>
          ))}
        </ul>
      ) : null}
      <div class="actions">
        <button
          type="button"
          class="button primary"
          onClick={() => {
            explorer.events.watch(`${interfaceName}.${name}`);
            explorer.tab.set('events');
          }}
        >
          Watch this event
        </button>
        <CopyButtons member={member} args={() => ({ args: [], streams: [] })} />
      </div>
    </>
  );
}

function Prepared({ bench }: { readonly bench: Bench }) {
  const explorer = useExplorer();
  const { member, draft: draftStore } = bench;
  const { definitions } = useStore(explorer.catalogue);
  const draft = useStore(draftStore);
  const run = useStore(bench.run);
  const sendError = useStore(bench.sendError);
  const showsProblems = useStore(bench.showsProblems);
  const reading = readArguments(draft, member.args, definitions);
  const isMethod = member.kind === 'method';
  const send = (): void => {
    bench.showsProblems.set(true);
    explorer.notices.clear();
    // Read anew. Why: what was typed last may not have been rendered yet.
    const newest = readArguments(draftStore.value, member.args, definitions);
    if (newest.problems.length > 0) {
      explorer.notices.say(`The arguments are not right yet: ${newest.problems[0]?.message ?? ''}`, 'bad');
      return;
    }
    if (isMethod) makeCall(explorer, bench, newest);
    else void sendEvent(explorer, bench, newest);
  };
  // Without a list of what it depends on: the newest arguments are sent.
  useEffect(() => callKeys.watch(send));
  return (
    <>
      <form
        class="call-form"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        {member.isPattern ? <EventName bench={bench} /> : null}
        <ArgumentsForm
          args={member.args}
          definitions={definitions}
          draft={draft}
          problems={showsProblems ? reading.problems : []}
          onChange={(changed) => {
            draftStore.set(changed);
          }}
        />
        <div class="actions">
          <button type="submit" class="button primary" title="Ctrl+Enter">
            <Icon name="play" />
            {isMethod ? 'Call' : 'Emit'}
          </button>
          {isMethod ? <TimeoutInput bench={bench} /> : null}
          <span class="spacer" />
          <CopyButtons member={member} args={() => (reading.problems.length > 0 ? undefined : reading)} />
        </div>
      </form>
      {sendError ? <ErrorBox error={sendError} title="Not sent" /> : null}
      {run ? <RunResult key={run.number} run={run} member={member} /> : null}
    </>
  );
}

/** For an event that is a pattern: the name to emit. */
function EventName({ bench }: { readonly bench: Bench }) {
  const name = useStore(bench.eventName);
  const isWhole = bench.member.interfaceName === ANY_INTERFACE;
  return (
    <label class="field">
      <span class="label">{isWhole ? 'Name to emit, as interface.event' : 'Name to emit'}</span>
      <input
        class="input"
        autocomplete="off"
        spellcheck={false}
        placeholder={bench.member.name}
        value={name}
        onInput={(event) => {
          bench.eventName.set(event.currentTarget.value);
        }}
      />
    </label>
  );
}

function TimeoutInput({ bench }: { readonly bench: Bench }) {
  const seconds = useStore(bench.timeout);
  return (
    <label class="timeout">
      Time limit
      <input
        class="input tiny"
        inputMode="decimal"
        placeholder="none"
        autocomplete="off"
        value={seconds}
        onInput={(event) => {
          bench.timeout.set(event.currentTarget.value);
        }}
      />
      s
    </label>
  );
}

interface CopyProps {
  readonly member: MemberEntry;
  readonly args: () => { readonly args: readonly unknown[]; readonly streams: readonly number[] } | undefined;
}

function CopyButtons({ member, args }: CopyProps) {
  const explorer = useExplorer();
  const copied = (write: typeof copyAsCode) => (): string | undefined => {
    const given = args();
    if (!given) {
      explorer.notices.say('The arguments are not right yet: there is nothing to copy', 'bad');
      return undefined;
    }
    const { kind, interfaceName, name, streams } = member;
    const { host, app, shownLogin: login } = explorer;
    return write({
      url: host.url,
      origin: globalThis.location.origin,
      app,
      login,
      kind,
      interfaceName,
      name,
      args: given.args,
      streams,
      streamArguments: given.streams,
    });
  };
  return (
    <>
      <CopyButton label="Copy as code" text={copied(copyAsCode)} />
      <CopyButton label="Copy as command" text={copied(copyAsCommand)} />
    </>
  );
}
