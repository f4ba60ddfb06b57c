import { gt, major, Range, rcompare, valid } from 'semver';
import { MAX_NAME_SHOWN } from '../protocol/limits.js';
import { UNMATCHABLE_VERSION } from '../protocol/parse-message.js';
import { toLogText } from '../util/log-text.js';
import type { ApplicationLike } from './application.js';

// How many names and versions a log entry lists.
const MAX_LISTED = 20;

const LATEST = 'latest';

/** Applications by name, then by version. The key 'latest' is the highest version, pre-releases included. */
export type AppsIndex<C = unknown> = Map<string, Map<string, ApplicationLike<C>>>;

/**
 * Makes an index of applications.
 * @throws Error when a name and version occur twice
 */
export function createAppsIndex<C>(applications: Iterable<ApplicationLike<C>>): AppsIndex<C> {
  const index: AppsIndex<C> = new Map();
  for (const application of applications) {
    const { name, version } = application;
    const versions = index.get(name) ?? new Map<string, ApplicationLike<C>>();
    index.set(name, versions);
    if (versions.has(version)) {
      throw new Error(`Multiple instances of application: ${name} with version: ${version}`);
    }
    versions.set(version, application);
    const latest = versions.get(LATEST);
    if (!latest || gt(version, latest.version)) versions.set(LATEST, application);
  }
  return index;
}

/** Finds the applications of a server, by name and by version or range. */
export class Applications<C = unknown> {
  private readonly index: AppsIndex<C>;
  private readonly newestFirst = new Map<string, ApplicationLike<C>[]>();

  /**
   * @param applications an array, or an index that {@link createAppsIndex} made
   * @param maxRangeLength the length of the longest range that is evaluated, in characters; a longer one matches
   * nothing
   */
  constructor(
    applications: Iterable<ApplicationLike<C>> | AppsIndex<C>,
    private readonly maxRangeLength: number,
  ) {
    this.index = applications instanceof Map ? applications : createAppsIndex(applications);
    for (const [name, versions] of this.index) {
      const sorted = [...new Set(versions.values())].sort((a, b) => rcompare(a.version, b.version));
      this.newestFirst.set(name, sorted);
    }
  }

  /** Iterates over all applications, each once. */
  *[Symbol.iterator](): Generator<ApplicationLike<C>> {
    for (const versions of this.newestFirst.values()) yield* versions;
  }

  /**
   * Finds the application for a handshake.
   * @param version an exact version, which is looked up literally; or a range, of which the newest match without
   * pre-releases is taken; undefined or '': the newest of all, pre-releases included
   */
  find(name: string, version: string | undefined): ApplicationLike<C> | undefined {
    const versions = this.index.get(name);
    if (!versions) return undefined;
    if (!version) return versions.get(LATEST);
    if (version.length > this.maxRangeLength) return undefined;
    const exact = version === LATEST ? undefined : versions.get(version);
    // Before it is read, which takes longer.
    if (exact || valid(version) !== null) return exact;
    const range = parseRange(version);
    return range && this.newestFirst.get(name)?.find((application) => range.test(application.version));
  }

  /** Returns why {@link find} has found nothing, for a log. */
  reasonForNone(name: string, version: string | undefined): string {
    const versions = this.newestFirst.get(name);
    if (!versions) return `there is no application ${quote(name)} (known: ${list(this.newestFirst.keys())})`;
    const there = `(known: ${list(versions.map((application) => application.version))})`;
    if (version === UNMATCHABLE_VERSION) return `its version is too long, or no text ${there}`;
    return `no version of ${quote(name)} fits ${quote(version ?? '')} ${there}`;
  }

  /**
   * Finds the newest application that a connection may move to: in the range that it asked for, or in the major version
   * that it has where it asked for none. A connection that asked for an exact version does not move.
   */
  findUpdate(
    current: ApplicationLike<C>,
    requestedVersion: string | undefined,
  ): ApplicationLike<C> | undefined {
    if (requestedVersion && valid(requestedVersion) !== null) return undefined;
    return this.find(current.name, requestedVersion ?? String(major(current.version)));
  }
}

function quote(text: string): string {
  return `'${toLogText(text, MAX_NAME_SHOWN)}'`;
}

function list(names: Iterable<string>): string {
  const all = [...names];
  const rest = all.length - MAX_LISTED;
  return [...all.slice(0, MAX_LISTED), ...(rest > 0 ? [`${rest} more`] : [])].join(', ') || 'none';
}

function parseRange(text: string): Range | undefined {
  try {
    return new Range(text);
  } catch {
    // A range that semver cannot read matches no version: the handshake is refused with the code 10.
    return undefined;
  }
}
