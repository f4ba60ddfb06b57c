/** What keeps a version from being released: what only a person can put right, and what is easily forgotten. */

/** Stands in package.json where the account belongs that owns the repository, until somebody fills it in. */
const PLACEHOLDER = 'OWNER';

/**
 * @param {{ version: string, repository: { url: string }, bugs: { url: string }, homepage: string }} manifest package.json
 * @param {string} changelog the text of CHANGELOG.md
 * @param {readonly string[]} changesets the names of the files in .changeset/
 * @returns {string[]} a sentence for each obstacle
 */
export function releaseObstacles({ version, repository, bugs, homepage }, changelog, changesets) {
  const addresses = { 'repository.url': repository.url, 'bugs.url': bugs.url, homepage };
  const obstacles = Object.entries(addresses)
    .filter(([, address]) => address.includes(PLACEHOLDER))
    .map(([field]) => `package.json: ${field} still says ${PLACEHOLDER}, see RELEASING.md`);
  const waiting = changesets.filter((name) => name.endsWith('.md') && name !== 'README.md');
  if (waiting.length > 0)
    obstacles.push(`.changeset: ${waiting.join(', ')} waits: npm run release:version comes first`);
  const headings = changelog.split('\n').filter((line) => line.startsWith('## '));
  if (headings.some((heading) => /unreleased/i.test(heading)))
    obstacles.push('CHANGELOG.md: the lines under Unreleased belong under the version that is released');
  if (!headings.includes(`## ${version}`)) obstacles.push(`CHANGELOG.md: version ${version} has no section`);
  return obstacles;
}
