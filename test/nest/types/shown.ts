/** A value as the table of docs/guides/payload-types.md shows it. */
export function shown(value: unknown, above: readonly unknown[] = []): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'bigint') return `${String(value)}n`;
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (above.includes(value)) return 'itself';
  const within = [...above, value];
  if (Buffer.isBuffer(value)) return `Buffer ${value.toString('hex')}`;
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const all = (values: Iterable<unknown>): string => [...values].map((one) => shown(one, within)).join(', ');
  switch (tag) {
    case 'Array':
      return `[${all(value as unknown[])}]`;
    case 'Map':
      return `Map of ${all((value as Map<unknown, unknown>).entries())}`;
    case 'Set':
      return `Set of ${all(value as Set<unknown>)}`;
    case 'Date':
      return Number.isNaN(Number(value)) ? 'Date NaN' : `Date ${(value as Date).toJSON()}`;
    case 'Error':
      return `${(value as Error).name}: ${(value as Error).message}`;
    case 'RegExp':
    case 'URL':
      return `${tag} ${(value as { toString(): string }).toString()}`;
    default: {
      const members = Object.entries(value).map(([key, member]) => `${key}: ${shown(member, within)}`);
      return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
    }
  }
}
