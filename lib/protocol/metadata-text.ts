import { stringify } from '../mdsf/index.js';
import { ConfigurationError } from './configuration-error.js';
import { JstpError } from './jstp-error.js';
import { DEFAULT_LIMITS } from './limits.js';
import type { Metadata } from './message.js';
import { fits } from './message-size.js';

// The message and its header are a level each.
const IN_HEADER = { maxDepth: DEFAULT_LIMITS.maxDepth - 2, bytes: 'refuse' } as const;

/**
 * Makes the text of a header with metadata: its elements before the metadata, and the metadata. Undefined where there
 * is nothing to write: metadata without members is never sent.
 * @param start - the header's text up to the metadata: `[1,'iface'`
 * @param maxMetadataBytes - how large the header may be
 * @throws {JstpError} ERR_JSTP_METADATA_TOO_LARGE; {ConfigurationError} for what is no object; {MdsfStringifyError} for
 *   bytes, which a header must not have
 */
export function headerWithMetadata(
  start: string,
  metadata: Metadata,
  maxMetadataBytes: number,
): string | undefined {
  const text = stringify(metadata, IN_HEADER);
  if (text === '{}') return undefined;
  // Also a Date, say, which writes itself as a string.
  if (!text.startsWith('{')) throw new ConfigurationError('metadata', metadata, 'an object');
  const header = `${start},${text}]`;
  if (!fits(header, maxMetadataBytes)) throw tooLarge(maxMetadataBytes);
  return header;
}

function tooLarge(maxMetadataBytes: number): JstpError {
  return new JstpError(
    'ERR_JSTP_METADATA_TOO_LARGE',
    `Metadata cannot be sent in a header of more than ${maxMetadataBytes} bytes: that is limits.maxMetadataBytes of this side, and each side has one`,
  );
}
