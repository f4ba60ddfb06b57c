import { expect, test } from '@jest/globals';
import type { Input } from './target.js';
import { TARGETS } from './targets.js';

/** What fuzz runs have found, and the input that showed it. Each is mended. */
const FINDINGS: readonly [title: string, target: string, input: Input][] = [
  [
    'a text that ends where a key belongs is refused in the same words from bytes and from a string',
    'message',
    ['{event:{'],
  ],
  [
    'a JSON text that is nested too deep is refused at the same position from bytes and from a string',
    'mdsf',
    [`{"a":${'['.repeat(260)}${']'.repeat(260)}}`],
  ],
];

test.each(FINDINGS)('%s', async (_title, name, input) => {
  const target = TARGETS[name](true);
  try {
    expect(await target.run(input)).toEqual(expect.any(String));
  } finally {
    await target.close?.();
  }
});
