import { emptyArguments, type ArgumentsDraft } from '../model/arguments.js';
import type { Catalogue, MemberEntry } from '../model/catalogue.js';
import type { ShownError } from '../model/errors.js';
import { Store } from '../model/store.js';
import type { CallRun } from './call-run.js';

/** What is being prepared, and what came of it, for one method or event. */
export interface Bench {
  readonly member: MemberEntry;
  readonly draft: Store<ArgumentsDraft>;
  readonly run: Store<CallRun | undefined>;
  /** Whether what is wrong with the arguments is shown: not before they were sent for the first time. */
  readonly showsProblems: Store<boolean>;
  /** What has kept an event from being sent. */
  readonly sendError: Store<ShownError | undefined>;
  /** The name of an event whose member is a pattern, as it was typed. */
  readonly eventName: Store<string>;
  /** The time limit of calls, in seconds, as it was typed; empty: none. */
  readonly timeout: Store<string>;
}

const MAX_BENCHES = 50;

/** What was typed for methods and events: it is there again when somebody comes back to one. */
export class Workbench {
  readonly current = new Store<Bench | undefined>(undefined);
  private readonly benches = new Map<string, Bench>();

  /** Shows a method or event. */
  open(member: MemberEntry, catalogue: Catalogue): Bench {
    const bench = this.benchOf(member, catalogue);
    this.current.set(bench);
    return bench;
  }

  /** Forgets all, as for another application. */
  clear(): void {
    for (const { run } of this.benches.values()) run.value?.cancel();
    this.benches.clear();
    this.current.set(undefined);
  }

  private benchOf(member: MemberEntry, catalogue: Catalogue): Bench {
    const key = [member.kind, member.interfaceName, member.name].join('\n');
    const kept = this.benches.get(key);
    this.benches.delete(key);
    const bench =
      kept?.member === member
        ? kept
        : {
            member,
            draft: new Store(emptyArguments(member.args, catalogue.definitions)),
            run: new Store<CallRun | undefined>(kept?.run.value),
            showsProblems: new Store(false),
            sendError: new Store<ShownError | undefined>(undefined),
            eventName: new Store(kept?.eventName.value ?? ''),
            timeout: new Store(kept?.timeout.value ?? ''),
          };
    this.benches.set(key, bench);
    for (const [old, { run }] of this.benches) {
      if (this.benches.size <= MAX_BENCHES) break;
      if (!run.value?.isOpen) this.benches.delete(old);
    }
    return bench;
  }
}
