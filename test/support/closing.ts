/** Something a test has to end, whatever becomes of the test. */
export type Release = () => unknown;

/** Ends what a test opened, the last opened first, even when one of them fails to end. */
export class Closing {
  private releases: Release[] = [];

  add(release: Release): void {
    this.releases.push(release);
  }

  async run(): Promise<void> {
    const releases = this.releases.reverse();
    this.releases = [];
    const failures: unknown[] = [];
    for (const release of releases) {
      try {
        await release();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Something opened by a test did not close');
  }
}
