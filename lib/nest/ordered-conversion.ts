import { ignore } from '../util/callback.js';

/** Hands on what a serializer or deserializer returns, Promises too, in the order in which it was asked. */
export class OrderedConversion {
  private waiting = 0;
  private tail: Promise<void> = Promise.resolve();

  /**
   * Converts, and hands the outcome on: at once if it is there and nothing is waiting, else when it comes and
   * all before it have been handed on.
   * @param convert makes the value, or a Promise of it; what it throws goes to `fail`
   * @param use gets the value; what it throws goes to `fail`
   * @param fail gets the error
   */
  run<T>(convert: () => T | PromiseLike<T>, use: (value: T) => void, fail: (error: unknown) => void): void {
    let outcome: Promise<T>;
    try {
      const value = convert();
      if (!isPromiseLike(value) && this.waiting === 0) {
        use(value);
        return;
      }
      outcome = Promise.resolve(value);
    } catch (error) {
      if (this.waiting === 0) {
        fail(error);
        return;
      }
      outcome = Promise.reject(error);
    }
    // It is looked at when its turn comes, which may be after it has failed.
    outcome.catch(ignore);
    this.waiting += 1;
    this.tail = this.tail
      .then(() => outcome)
      .then(use)
      .catch(fail)
      .then(() => {
        this.waiting -= 1;
      });
  }
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
