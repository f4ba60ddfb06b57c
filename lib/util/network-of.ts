const GROUPS_OF_NETWORK = 4;
const GROUPS = 8;
const MAPPED_PREFIX = /^::ffff:(?=\d+\.)/i;

/**
 * What limits count as one address: an IPv4 address, also where it is mapped to IPv6, and the first 64 bits of an IPv6
 * address. Why: everybody has 2^64 IPv6 addresses and more.
 * @param address an address as Node writes it, or in another valid form
 */
export function networkOf(address: string): string {
  const plain = address.replace(MAPPED_PREFIX, '');
  if (!plain.includes(':')) return plain;
  const parts = plain.split('%', 1)[0].split('::');
  const groups = groupsOf(parts[0]);
  if (parts.length > 1) {
    const last = groupsOf(parts[1]);
    while (groups.length + last.length < GROUPS) groups.push(0);
    groups.push(...last);
  }
  const network = groups.slice(0, GROUPS_OF_NETWORK).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
