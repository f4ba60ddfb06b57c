import type { WrittenMessage } from '../../protocol/attached-message.js';
import type { Observation } from '../../util/observation.js';
import type { Moment } from '../../util/turn-clock.js';
import { handIn, watches, type Follower, type Interest, type Observer, type Teller } from './observers.js';
import { ReceiveOperation, SendOperation, type Operation, type OperationKind } from './operations.js';

const ALWAYS: Interest = { hasSubscribers: true };

const TELLER: Teller = {
  sendOperation: (...parts) => new SendOperation(...parts),
  receiveOperation: (...parts) => new ReceiveOperation(...parts),
  begin: (operation, counted) => new Followed(operation, followersOf(operation), counted),
};

/** Adds an observer, once. @returns a function that removes it */
export function observe(observer: Observer): () => void {
  handIn(TELLER);
  for (const kind of Object.keys(watches)) add(observer, kind as OperationKind);
  return () => {
    for (const watch of Object.values(watches))
      watch.watchers = watch.watchers.filter((other) => other.observer !== observer);
  };
}

function add(observer: Observer, kind: OperationKind): void {
  const { [kind]: watch } = watches;
  const interest = observer.interestIn(kind);
  if (interest === false || watch.watchers.some((other) => other.observer === observer)) return;
  watch.watchers = [...watch.watchers, { observer, interest: interest === true ? ALWAYS : interest }];
}

/** Tells those who want to know that an operation begins. @returns what follows it for them */
function followersOf(operation: Operation): Follower[] {
  const asked = watches[operation.kind].watchers.filter(({ interest }) => interest.hasSubscribers);
  return asked.flatMap(({ observer }) => observer.begin(operation) ?? []);
}

class Followed implements Observation {
  private isOver = false;

  constructor(
    private readonly operation: Operation,
    private readonly followers: readonly Follower[],
    private readonly counted: Observation | undefined,
  ) {}

  get began(): Moment | undefined {
    return this.counted?.began;
  }

  run<T>(run: () => T): T {
    let inner = run;
    for (const follower of this.followers) {
      if (!follower.run) continue;
      const next = inner;
      inner = () => (follower.run ? follower.run(next) : next());
    }
    return inner();
  }

  sent(message: WrittenMessage): void {
    for (const follower of this.followers) follower.sent?.(message);
  }

  end(code: number | string, error?: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.operation.code = code;
    if (code !== 0) this.operation.error = error;
    for (const follower of this.followers) follower.end();
    this.counted?.end(code, error);
  }
}
