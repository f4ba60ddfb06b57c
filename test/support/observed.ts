import type { Observable, Subscription } from 'rxjs';
import { waitFor } from './wait-for.js';

/** Everything a subscriber of an Observable was told, in the order in which it was told. */
export class Observed<T> {
  readonly values: T[] = [];
  /** What the error callback received, boxed: an error may be undefined. */
  failure: { readonly error: unknown } | undefined;
  completed = false;
  private readonly subscription: Subscription;

  constructor(source: Observable<T>) {
    this.subscription = source.subscribe({
      next: (value) => this.values.push(value),
      error: (error: unknown) => {
        this.failure = { error };
      },
      complete: () => {
        this.completed = true;
      },
    });
  }

  get ended(): boolean {
    return this.completed || this.failure !== undefined;
  }

  async received(count: number): Promise<readonly T[]> {
    await waitFor(() => this.values.length >= count, `value ${String(count)}`);
    return this.values;
  }

  async end(): Promise<this> {
    await waitFor(() => this.ended, 'the end of an Observable');
    return this;
  }

  unsubscribe(): void {
    this.subscription.unsubscribe();
  }
}

export function observe<T>(source: Observable<T>): Observed<T> {
  return new Observed(source);
}

/** The values of an Observable that completes. */
export async function valuesOf<T>(source: Observable<T>): Promise<readonly T[]> {
  const observed = await observe(source).end();
  if (observed.failure !== undefined) {
    throw new Error(`Failed where values were expected: ${JSON.stringify(observed.failure.error)}`, {
      cause: observed.failure.error,
    });
  }
  return observed.values;
}

/** What the error callback of an Observable receives. */
export async function errorOf(source: Observable<unknown>): Promise<unknown> {
  const observed = await observe(source).end();
  if (observed.failure === undefined) {
    throw new Error(`Completed where an error was expected, with ${JSON.stringify(observed.values)}`);
  }
  return observed.failure.error;
}
