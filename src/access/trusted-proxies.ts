import { BlockList, isIPv4 } from 'node:net';
import { addressIn } from './network.js';

/**
 * Tells whose `X-Forwarded-*` counts, of proxies that write a port beside an address too.
 *
 * @param proxies addresses and CIDR ranges, checked before
 */
export function trusting(proxies: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const proxy of proxies) {
    const [address = '', bits] = proxy.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (text) => {
    const address = addressIn(text);
    return address !== null && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
  };
}
