import { JstpError } from '../../protocol/jstp-error.js';

/** The codes of outages: failures of a store as a whole, which every operation meets until the outage is over. */
const OUTAGE_CODES: ReadonlySet<string> = new Set(['ERR_JSTP_STORE_AWAY', 'ERR_JSTP_STORE_FULL']);

/** Lets each outage of a store be reported once, however many operations fail while the store is away or full. */
export class StoreOutages {
  private readonly reported = new Set<string>();

  /** Whether an error is an outage, and not the failure of one session's operation. */
  isOutage(error: unknown): error is JstpError {
    return error instanceof JstpError && OUTAGE_CODES.has(error.code);
  }

  /** Notes an error. @returns whether it is to be reported: of an outage the first one is */
  isNews(error: unknown): boolean {
    if (!this.isOutage(error)) return true;
    const isNews = !this.reported.has(error.code);
    this.reported.add(error.code);
    return isNews;
  }

  /** Notes that the store works: the next failure of the store as a whole is a new outage. */
  end(): void {
    this.reported.clear();
  }
}
