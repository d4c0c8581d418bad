import { isIP, isIPv4 } from 'node:net';

/** Groups of 16 bits of an IPv6 address that its owner cannot choose: who has one has a /64. */
const NETWORK_GROUPS = 4;

/** As URLs write it: the last 32 bits in two groups. */
const IPV4_MAPPED = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/;

/** What proxies write in place of an address that they do not know, or will not tell. */
const NOBODY = 'unknown';

/**
 * The address in what a proxy wrote of a client into `X-Forwarded-For`: some add the port, IPv6 is then in brackets, and
 * some add the interface. An address of IPv4 that is mapped into IPv6 is the same address.
 *
 * @returns null where there is none
 */
export function addressIn(text: string): string | null {
  if (isIPv4(text)) return text;
  const [, inBrackets, withPort] = /^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/.exec(text.trim()) ?? [];
  const [address = ''] = (inBrackets ?? withPort ?? text.trim()).split('%', 1);
  if (isIP(address) !== 6) return isIPv4(address) ? address : null;
  // A URL writes an address of IPv6 in the one way there is.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = IPV4_MAPPED.exec(canonical) ?? [];
  if (high === undefined || low === undefined) return canonical;
  const [a, b] = [parseInt(high, 16), parseInt(low, 16)];
  return `${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`;
}

/** What counts as one caller: an IPv4 address, or the first 64 bits of an IPv6 address; all that is no address is one. */
export function networkOf(text: string): string {
  const address = addressIn(text);
  if (address === null) return NOBODY;
  if (!address.includes(':')) return address;
  const [before = '', after] = address.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const zeros = after === undefined ? 0 : Math.max(0, 2 * NETWORK_GROUPS - head.length - tail.length);
  const groups = [...head, ...Array<string>(zeros).fill('0'), ...tail];
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}
