import { createHash } from 'node:crypto';

/** A Lua script, which Redis runs as one atomic step. */
export class Script {
  /** The SHA-1 of the text in hexadecimal, by which Redis knows a script that it has run. */
  readonly sha1: string;

  /** @param text the script in Lua */
  constructor(readonly text: string) {
    this.sha1 = createHash('sha1').update(text).digest('hex');
  }
}
