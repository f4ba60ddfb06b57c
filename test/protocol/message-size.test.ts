import { describe, expect, it } from '@jest/globals';
import { checkSize } from '../../lib/protocol/message-size.js';

describe('checkSize', () => {
  it.each([
    [10, undefined, 'more than 10 bytes', 'of this side'],
    [10, 10, 'more than 10 bytes', 'of this side'],
    [10, 11, 'more than 10 bytes', 'of this side'],
    [11, 10, 'more than 10 bytes', 'of the other side'],
  ])('with a limit of %p here and %p there names the lower one and its side', (here, there, bytes, side) => {
    const check = (text: string) => () => {
      checkSize(text, { maxMessageBytes: here }, { peerMaxBytes: there, attachments: false });
    };
    expect(check('x'.repeat(10))).not.toThrow();
    expect(check('x'.repeat(12))).toThrow(bytes);
    expect(check('x'.repeat(12))).toThrow(side);
  });
});
