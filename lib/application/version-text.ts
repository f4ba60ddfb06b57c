// The grammar of semver. Why not the package `semver`, with which the server compares versions: a client and an
// application only refuse texts that are no version, and in a browser the package would be a third of the bundle.

const NUMBER = '(?:0|[1-9]\\d*)';
// At most 15 digits. Why: the limits of a range are computed from its numbers, and the sums have to be exact.
const PART = '(?:0|[1-9]\\d{0,14}|[xX*])';
const IDENTIFIER = `(?:\\d*[a-zA-Z-][a-zA-Z\\d-]*|${NUMBER})`;
const PRERELEASE = `(?:-${IDENTIFIER}(?:\\.${IDENTIFIER})*)?`;
const BUILD = '\\+[a-zA-Z\\d-]+(?:\\.[a-zA-Z\\d-]+)*';

/** A version with parts left open, or a whole one: `1`, `1.x`, `1.2.*`, `1.2.3-beta.1`. */
const PARTIAL = `[v=]*${PART}(?:\\.${PART}(?:\\.${PART}${PRERELEASE})?)?`;
const COMPARATOR = `(?:[<>]=?|=|~>?|\\^)? ?${PARTIAL}`;

const MAX_VERSION_LENGTH = 256;
const VERSION_PATTERN = new RegExp(`^v?(${NUMBER})\\.(${NUMBER})\\.(${NUMBER})${PRERELEASE}(?:${BUILD})?$`);
const BUILD_PATTERN = new RegExp(BUILD, 'g');
const RANGE_PATTERN = new RegExp(`^(?:${PARTIAL} - ${PARTIAL}|(?:${COMPARATOR}(?: ${COMPARATOR})*)?)$`);

/** Whether a text is a semver version, as '1.2.3' or '1.2.3-beta.1'. */
export function isVersion(text: string): boolean {
  const parts = text.length <= MAX_VERSION_LENGTH ? VERSION_PATTERN.exec(text.trim()) : null;
  return parts?.slice(1).every((part) => Number(part) <= Number.MAX_SAFE_INTEGER) ?? false;
}

/** Whether a text is a range of semver versions, as '^1.2.0', '1.x || >=2.5.0' or '1.2 - 2.3'. */
export function isVersionRange(text: string): boolean {
  return text
    .split('||')
    .every((alternative) =>
      RANGE_PATTERN.test(alternative.replace(BUILD_PATTERN, '').replace(/\s+/g, ' ').trim()),
    );
}
