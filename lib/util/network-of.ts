const GROUPS = 8;
const GROUPS_OF_NETWORK = 4;
const GROUPS_OF_SITE = 3;
/** The first 96 bits of IPv6 addresses whose rest is an IPv4 address: mapped ones, and those of NAT64. */
const IPV4_PREFIXES: readonly (readonly number[])[] = [
  [0, 0, 0, 0, 0, 0xffff],
  [0x64, 0xff9b, 0, 0, 0, 0],
];
const BYTE = 256;

/**
 * What limits count as one address: an IPv4 address, also where it is mapped to IPv6 or comes through NAT64, and the first
 * 64 bits of an IPv6 address. Why: everybody has 2^64 IPv6 addresses and more.
 * @param address an address as Node writes it, or in another valid form
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const groups = groupsOf(address);
  return ipv4In(groups) ?? prefixOf(groups, GROUPS_OF_NETWORK);
}

/** The first 48 bits of an IPv6 address, which often are one owner's; undefined for an IPv4 address, as {@link networkOf} knows it. */
export function siteOf(address: string): string | undefined {
  if (!address.includes(':')) return undefined;
  const groups = groupsOf(address);
  return ipv4In(groups) === undefined ? prefixOf(groups, GROUPS_OF_SITE) : undefined;
}

function prefixOf(groups: readonly number[], count: number): string {
  const prefix = groups.slice(0, count).map((group) => group.toString(16));
  return `${prefix.join(':')}::/${16 * count}`;
}

function ipv4In(groups: readonly number[]): string | undefined {
  const isIpv4 = IPV4_PREFIXES.some((prefix) => prefix.every((group, index) => group === groups[index]));
  if (!isIpv4) return undefined;
  return groups
    .slice(-2)
    .flatMap((group) => [Math.floor(group / BYTE), group % BYTE])
    .join('.');
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const parts = address.split('%', 1)[0].split('::');
  const groups = numbersIn(parts[0]);
  if (parts.length > 1) {
    const last = numbersIn(parts[1]);
    while (groups.length + last.length < GROUPS) groups.push(0);
    groups.push(...last);
  }
  return groups;
}

function numbersIn(text: string): number[] {
  return text === '' ? [] : text.split(':').flatMap(numbersOf);
}

/** The number of a group, or the two of an IPv4 address at the end. */
function numbersOf(group: string): number[] {
  if (!group.includes('.')) return [Number.parseInt(group, 16)];
  const [a, b, c, d] = group.split('.').map(Number);
  return [a * BYTE + b, c * BYTE + d];
}
