import { JstpError } from '../../protocol/jstp-error.js';

/** Troubles of a store as a whole: every session's step fails with them until they are over. */
const OF_THE_STORE: ReadonlySet<string> = new Set(['ERR_JSTP_STORE_AWAY', 'ERR_JSTP_STORE_FULL']);

/** Tells of a store that is away or full once each time, however many sessions' steps fail meanwhile. */
export class StoreTroubles {
  private readonly told = new Set<string>();

  /** Whether an error is one of the store as a whole, and no session's. */
  isOfTheStore(error: unknown): error is JstpError {
    return error instanceof JstpError && OF_THE_STORE.has(error.code);
  }

  /** Whether an error is still to be told. */
  isNews(error: unknown): boolean {
    if (!this.isOfTheStore(error)) return true;
    const isNews = !this.told.has(error.code);
    this.told.add(error.code);
    return isNews;
  }

  /** The store has taken something: the next trouble is another one. */
  over(): void {
    this.told.clear();
  }
}
