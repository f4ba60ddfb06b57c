import { BlockList, isIP } from 'node:net';
import { ConfigurationError } from '../../protocol/configuration-error.js';

/** Networks by the names that other servers of Node know them by. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};
const ALLOWED = `addresses, networks as '10.0.0.0/8', or ${Object.keys(NAMED).join(', ')}`;
const MAPPED_PREFIX = /^::ffff:(?=\d+\.)/i;

/** The proxies of the option `trustProxy`. */
export class TrustedProxies {
  private readonly list = new BlockList();

  /**
   * @param option the option's name, for errors
   * @param given addresses and networks
   * @throws {ConfigurationError} for anything else
   */
  constructor(option: string, given: unknown) {
    const entries: unknown = typeof given === 'string' ? given.split(',') : given;
    if (!Array.isArray(entries) || entries.length === 0) throw new ConfigurationError(option, given, ALLOWED);
    for (const entry of entries as unknown[]) {
      const text = typeof entry === 'string' ? entry.trim() : '';
      const networks = Object.hasOwn(NAMED, text) ? NAMED[text] : [text];
      for (const network of networks) {
        if (!this.add(network)) throw new ConfigurationError(option, given, ALLOWED);
      }
    }
  }

  /** Whether an address is a proxy's. An IPC socket has none: who may open it is decided by its file. */
  has(address: string | undefined): boolean {
    if (address === undefined) return true;
    const plain = address.replace(MAPPED_PREFIX, '').split('%', 1)[0];
    const version = isIP(plain);
    return version !== 0 && this.list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
  }

  private add(network: string): boolean {
    const [address, bits, ...more] = network.split('/');
    const version = isIP(address);
    if (version === 0 || more.length > 0) return false;
    const most = version === 4 ? 32 : 128;
    const length = network.includes('/') ? toLength(bits, most) : most;
    if (length === undefined) return false;
    this.list.addSubnet(address, length, version === 4 ? 'ipv4' : 'ipv6');
    return true;
  }
}

function toLength(text: string, most: number): number | undefined {
  return /^\d{1,3}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}
