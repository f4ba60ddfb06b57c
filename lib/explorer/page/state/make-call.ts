import { draftArguments, type ArgumentsReading } from '../model/arguments.js';
import { ANY_INTERFACE, findMember, unknownMember, type MemberEntry } from '../model/catalogue.js';
import { describeError } from '../model/errors.js';
import type { HistoryEntry } from '../model/history.js';
import { hideSecretArguments } from '../model/secrets.js';
import { arrayOf } from '../model/untrusted.js';
import { readText, writeLine } from '../model/value-text.js';
import { CallRun } from './call-run.js';
import type { Explorer } from './explorer.js';
import type { Bench } from './workbench.js';

type Outcome = Pick<HistoryEntry, 'outcome' | 'detail' | 'durationMs'>;

/** Calls the method of a bench. A call of it that is under way is cancelled. */
export function makeCall(explorer: Explorer, bench: Bench, { args, streams }: ArgumentsReading): void {
  const { client, host } = explorer;
  if (!client) return;
  bench.run.value?.cancel();
  const { interfaceName, name } = bench.member;
  const seconds = Number(bench.timeout.value);
  const timeoutMs = Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 86_400) * 1000 : 0;
  const run = new CallRun(client, { interfaceName, name, args, streams, timeoutMs }, host);
  bench.run.set(run);
  const { app } = explorer;
  void run.ended.then(() => {
    const { state, error, count, durationMs } = run.view.value;
    const outcome = state === 'failed' || state === 'cancelled' ? state : 'ok';
    const detail = error?.message ?? (count === 1 ? '' : `${count} values`);
    remember(explorer, app, bench, args, { outcome, detail, durationMs });
  });
}

/** Emits the event of a bench. */
export async function sendEvent(explorer: Explorer, bench: Bench, { args }: ArgumentsReading): Promise<void> {
  const { client, host, notices, app } = explorer;
  if (!client) return;
  const target = eventTarget(bench);
  if (!target) {
    notices.say('The name of the event is missing', 'bad');
    return;
  }
  const { interfaceName, name } = target;
  const startedAt = host.now();
  bench.sendError.set(undefined);
  const done = (outcome: Pick<Outcome, 'outcome' | 'detail'>): void => {
    remember(explorer, app, { ...bench, member: { ...bench.member, ...target } }, args, {
      ...outcome,
      durationMs: host.now() - startedAt,
    });
  };
  try {
    await client.emit(interfaceName, name, ...args);
    notices.say(`Sent: ${interfaceName}.${name}`, 'good');
    done({ outcome: 'ok', detail: '' });
  } catch (error) {
    const shown = describeError(error);
    bench.sendError.set(shown);
    done({ outcome: 'failed', detail: shown.message });
  }
}

/** The event of a bench: that of its member, or one that was typed, where the member is a pattern. */
function eventTarget({ member, eventName }: Bench): Pick<MemberEntry, 'interfaceName' | 'name'> | undefined {
  if (!member.isPattern) return member;
  const text = eventName.value.trim();
  if (member.interfaceName !== ANY_INTERFACE)
    return text === '' ? undefined : { interfaceName: member.interfaceName, name: text };
  const cut = text.lastIndexOf('.');
  return cut <= 0 ? undefined : { interfaceName: text.slice(0, cut), name: text.slice(cut + 1) };
}

/** Shows a call of the past, with its arguments, to be made again. */
export function openFromHistory(explorer: Explorer, entry: HistoryEntry): void {
  const kind = entry.kind;
  const { interfaceName, name } = entry;
  const catalogue = explorer.catalogue.value;
  const member =
    findMember(catalogue, { kind, interfaceName, name }) ?? unknownMember(kind, interfaceName, name);
  const bench = explorer.workbench.open(member, catalogue);
  explorer.tab.set('call');
  const reading = entry.args === undefined ? undefined : readText(entry.args);
  if (!reading?.ok) return;
  bench.draft.set(draftArguments(arrayOf(reading.value), member.args, catalogue.definitions));
}

function remember(
  { history, host, catalogue }: Explorer,
  app: string,
  { member }: Bench,
  args: readonly unknown[],
  outcome: Outcome,
): void {
  const hidden = hideSecretArguments(args, member.args, catalogue.value.definitions);
  history.add({
    at: host.today(),
    kind: member.kind === 'event' ? 'event' : 'method',
    app,
    interfaceName: member.interfaceName,
    name: member.name,
    args: writeLine(hidden, 100_000),
    ...outcome,
  });
}
