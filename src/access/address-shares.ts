import { networkOf } from './network.js';
import { trusting } from './trusted-proxies.js';

/** How many connections each address holds, and whether it may have another one. */
export class AddressShares {
  private readonly held = new Map<string, number>();
  /** Whether an address may hold any number. */
  readonly trusts: (address: string) => boolean;

  /**
   * @param limit connections of one IPv4 address, or one IPv6 /64
   * @param trustedNetworks addresses and CIDR ranges that may hold any number: many callers come by them
   */
  constructor(
    private readonly limit: number,
    trustedNetworks: readonly string[],
  ) {
    this.trusts = trusting(trustedNetworks);
  }

  /** Counts a connection; false, and not counted, where its address has its share already. */
  take(address: string): boolean {
    const caller = networkOf(address);
    const held = this.held.get(caller) ?? 0;
    if (held >= this.limit && !this.trusts(address)) return false;
    this.held.set(caller, held + 1);
    return true;
  }

  /** A connection that was counted is closed. */
  giveBack(address: string): void {
    const caller = networkOf(address);
    const held = this.held.get(caller) ?? 0;
    if (held > 1) this.held.set(caller, held - 1);
    else this.held.delete(caller);
  }

  /** Addresses that hold any. */
  get size(): number {
    return this.held.size;
  }
}
