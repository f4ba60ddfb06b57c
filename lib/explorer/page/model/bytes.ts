import { parse, stringify } from '../../../mdsf/index.js';

/** How bytes are typed in. */
export type BytesNotation = 'hex' | 'base64' | 'text';

const BYTES_A_LINE = 16;

/** The bytes of a value that holds bytes; undefined of any other. */
export function bytesIn(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;
}

/** Bytes as base64. */
export function base64Of(bytes: Uint8Array): string {
  return stringify(bytes, { bytes: true }).slice(1, -1);
}

/** Bytes as hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Lines as hex editors show them: offset, sixteen bytes, and the characters that can be shown.
 * @param count how many lines, at most
 */
export function hexLines(bytes: Uint8Array, count: number): string[] {
  const lines: string[] = [];
  for (let offset = 0; offset < bytes.length && lines.length < count; offset += BYTES_A_LINE) {
    const part = bytes.subarray(offset, offset + BYTES_A_LINE);
    const digits = Array.from(part, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const characters = Array.from(part, (byte) =>
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·',
    ).join('');
    lines.push(`${offset.toString(16).padStart(8, '0')}  ${digits.padEnd(47)}  ${characters}`);
  }
  return lines;
}

/** Reads bytes as they were typed in. @throws Error that says what is wrong */
export function readBytes(text: string, notation: BytesNotation): Uint8Array {
  if (notation === 'text') return new TextEncoder().encode(text);
  const digits = text.replace(/\s+/g, '');
  if (notation === 'hex') {
    if (!/^([\da-f]{2})*$/i.test(digits))
      throw new Error('Bytes are pairs of hexadecimal digits: 48 65 6c 6c 6f');
    return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }
  if (!/^[A-Za-z\d+/]*={0,2}$/.test(digits)) throw new Error('This is not base64');
  try {
    return parse(`\`${digits}\``, { bytes: true }) as Uint8Array;
  } catch {
    throw new Error('This is not base64');
  }
}
