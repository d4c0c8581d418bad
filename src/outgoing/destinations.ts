import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Longer ones are refused: no receiver needs them. */
const MAX_URL_LENGTH = 2_048;

/** `URL` takes these away or writes them otherwise: what is kept would be another address than what is called. */
const UNWRITTEN = /[\s\p{Cc}\p{Cs}]/u;

/** The message may not go there; the text says why. */
export class DestinationRefused extends Error {
  override readonly name = 'DestinationRefused';
}

/** Every address of a host. */
export type Resolve = (host: string) => Promise<readonly string[]>;

const resolveByDns: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/** Where a message goes, decided once: whatever the name leads to afterwards, the connection goes to this address. */
export interface Destination {
  readonly url: URL;
  readonly address: string;
  readonly family: 4 | 6;
}

/**
 * Which addresses messages may go to: public ones, and those that whoever runs the service has named. A receiver that
 * anybody may enter must not lead into the network that the service stands in.
 */
export class Destinations {
  private readonly hosts: ReadonlySet<string>;
  private readonly ranges: readonly ReturnType<typeof ipaddr.parseCIDR>[];

  /** @param allowed host names, addresses, and ranges of addresses such as `10.0.0.0/8` */
  constructor(
    allowed: readonly string[],
    private readonly resolve: Resolve = resolveByDns,
  ) {
    this.hosts = new Set(allowed.filter((one) => rangeOf(one) === null).map((one) => one.toLowerCase()));
    this.ranges = allowed.flatMap((one) => {
      const range = rangeOf(one);
      return range === null ? [] : [range];
    });
  }

  /**
   * Says what is wrong with an address on the face of it, or null; where its name leads is looked at with each message.
   */
  faultOf(text: string): string | null {
    if (text.length > MAX_URL_LENGTH || UNWRITTEN.test(text) || !URL.canParse(text)) return 'must be a URL';
    const url = new URL(text);
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https:// or http://';
    if (url.username !== '' || url.password !== '') return 'must hold no user and no password';
    const host = hostOf(url);
    if (isIP(host) !== 0 && !this.mayReach(host)) return 'must lead to a public address, or to one of WEBHOOK_ALLOW';
    return null;
  }

  /**
   * Looks once where a URL leads.
   *
   * @throws DestinationRefused where any of the addresses may not be reached, or there is none
   */
  async find(text: string): Promise<Destination> {
    const fault = this.faultOf(text);
    if (fault !== null) throw new DestinationRefused(`the URL ${fault}`);
    const url = new URL(text);
    const host = hostOf(url);
    const addresses = isIP(host) === 0 ? await this.addressesOf(host) : [host];
    const isNamed = this.hosts.has(host);
    const [address] = addresses;
    if (address === undefined) throw new DestinationRefused('the host has no address');
    // One that is not public beside others is no accident.
    if (!isNamed && !addresses.every((each) => this.mayReach(each))) {
      throw new DestinationRefused('the host leads to an address that is not public');
    }
    return { url, address, family: isIP(address) === 6 ? 6 : 4 };
  }

  private async addressesOf(host: string): Promise<readonly string[]> {
    try {
      return await this.resolve(host);
    } catch {
      throw new DestinationRefused('the host has no address');
    }
  }

  private mayReach(text: string): boolean {
    if (!ipaddr.isValid(text)) return false;
    // ::ffff:10.0.0.1 is 10.0.0.1.
    const address = ipaddr.process(text);
    if (isPublic(address)) return true;
    return this.hosts.has(text) || this.ranges.some(([range, bits]) => isWithin(address, range, bits));
  }
}

type Address = ReturnType<typeof ipaddr.parse>;

/** What is assigned for all the world (RFC 4291): outside of it lie `::10.0.0.1`, which is 10.0.0.1, and others of old. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');

function isPublic(address: Address): boolean {
  return address.range() === 'unicast' && (address.kind() === 'ipv4' || isWithin(address, ...GLOBAL_IPV6));
}

function isWithin(address: Address, range: Address, bits: number): boolean {
  return address.kind() === range.kind() && address.match([range, bits] as never);
}

/** Null for what is a name. */
function rangeOf(text: string): ReturnType<typeof ipaddr.parseCIDR> | null {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  const address = text.replace(/^\[(.+)\]$/, '$1');
  if (isIP(address) === 0) return null;
  return ipaddr.parseCIDR(`${address}/${isIP(address) === 6 ? 128 : 32}`);
}

/** Without the brackets of IPv6, and without a dot at its end. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.+)\]$/, '$1').replace(/\.$/, '');
}
