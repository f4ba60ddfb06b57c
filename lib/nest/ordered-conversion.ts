import { ignore } from '../util/callback.js';

/**
 * Runs a serializer or deserializer, and hands its results on in the order of the calls, even if it returns Promises.
 */
export class OrderedConversion {
  private waiting = 0;
  private tail: Promise<void> = Promise.resolve();

  /**
   * Converts a value, and hands the result on: at once if it is no Promise and no earlier call waits, else after the
   * results of the earlier calls.
   * @param convert makes the result, or a Promise of it; what it throws goes to `fail`
   * @param use gets the result; what it throws goes to `fail`
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
    // Why: the Promise may reject before its turn comes, and must not count as unhandled until then.
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
