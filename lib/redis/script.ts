import { createHash } from 'node:crypto';

/** A script that Redis runs as one step. */
export class Script {
  /** By what Redis knows the script once it has run it. */
  readonly sha1: string;

  /** @param text in Lua */
  constructor(readonly text: string) {
    this.sha1 = createHash('sha1').update(text).digest('hex');
  }
}
