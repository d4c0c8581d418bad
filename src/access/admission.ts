import { Injectable } from '@nestjs/common';
import { AccessSettings } from '../config/config.js';
import { CallerTurns } from './caller-turns.js';
import { CredentialChecks } from './credential-checks.js';
import type { Credential } from './credential.js';
import { EVERYTHING, type Grant } from './grant.js';
import { KnownKeys, type Use } from './known-keys.js';
import { networkOf } from './network.js';
import { type Cost, RateLimits } from './rate-limits.js';
import { ShareLinks } from './share-links.js';
import { holdOrigin, holdRule, type Rule } from './rules.js';
import type { Allowance } from './token-bucket.js';

/**
 * How late they are served who come too often. With all the connections that it may have, an address is served some 500
 * times a second then, a few hundredths of a core; whoever is told to wait should have waited longer.
 */
const LATE_MS = 500;

/**
 * Who is let in, whatever protocol they speak: first `recall`, and where nobody is known `knock` and `look`; then `enter`
 * for what is asked, and `charge` for what it came to beside itself. What is told of limits is the last allowance.
 */
@Injectable()
export class Admission {
  readonly asksForKeys: boolean;

  constructor(
    { auth }: AccessSettings,
    private readonly keys: KnownKeys,
    private readonly checks: CredentialChecks,
    private readonly limits: RateLimits,
    private readonly turns: CallerTurns,
    private readonly links: ShareLinks,
  ) {
    this.asksForKeys = auth === 'required';
  }

  /**
   * Takes one from the limit of an address whose caller is not known, or need not be.
   *
   * @returns what is left; null where nothing is limited
   * @throws RateLimited
   */
  knock(address: string): Allowance | null {
    return this.limits.isOn ? this.limits.takeForStranger(address) : null;
  }

  /** Whether callers are told apart, and none may have more than its share. */
  get isShared(): boolean {
    return this.asksForKeys && this.limits.isOn;
  }

  /**
   * Whether it is the caller's turn, as it is unless there is much to do. Whoever comes oftener than it may waits a while
   * first: then a flood is no faster than its answers are, and costs next to nothing.
   *
   * @param credential null: it brings none
   * @param begin called when its turn has come, where that is not now; with a fault where too much waits
   */
  isTurnOf(credential: Credential | null, address: () => string, begin: (fault?: Error) => void): boolean {
    const grant = credential === null ? null : this.keys.recall(credential, 'read');
    const caller = grant === null ? networkOf(address()) : grant.keyId;
    const isLate = grant === null ? this.limits.isStrangerPast(caller) : this.limits.isKeyPast(grant);
    if (!isLate && !this.turns.isFull(caller)) return this.turns.take(caller, begin);
    setTimeout(() => {
      try {
        if (this.turns.take(caller, begin)) begin();
      } catch (error) {
        begin(error as Error);
      }
    }, LATE_MS);
    return false;
  }

  /**
   * The same for who waits in a promise; null where it need not.
   *
   * @throws Unavailable where too much waits
   */
  turn(credential: Credential | null, address: string): Promise<void> | null {
    if (!this.isShared) return null;
    let begin: (fault?: Error) => void = () => undefined;
    const turn = new Promise<void>((resolve, reject) => {
      begin = (fault) => (fault === undefined ? resolve() : reject(fault));
    });
    return this.isTurnOf(credential, () => address, begin) ? null : turn;
  }

  /**
   * What a key or a session allows, without waiting. Takes one from the limit of known callers at the address.
   *
   * @returns null where it must be looked at
   * @throws RateLimited
   */
  recall(credential: Credential, use: Use, address: string): Grant | null {
    const grant = credential.isLink === true ? this.links.recall(credential.text) : this.keys.recall(credential, use);
    if (grant !== null && this.limits.isOn) this.limits.takeForKnown(address);
    return grant;
  }

  /**
   * What a key or a session allows.
   *
   * @throws Unauthorized for one that is not good
   * @throws RateLimited
   * @throws Unavailable where that cannot be learned
   */
  look(credential: Credential, use: Use, address: string): Promise<Grant> {
    return credential.isLink === true ? this.links.look(credential.text) : this.checks.check(credential, use, address);
  }

  /**
   * A call begins. Takes one from the limit of the key, and holds the call to what the key allows; the names that it
   * touches are the caller's to hold (`holdName`, `prefixWithin`).
   *
   * @param origin of the page that calls; null where it is none
   * @returns what is left to the key; null where it is not limited
   * @throws RateLimited
   * @throws Forbidden
   */
  enter(rule: Rule, grant: Grant, origin: string | null = null): Allowance | null {
    const allowance = grant === EVERYTHING ? null : this.limits.takeForKey(grant);
    holdRule(rule, grant);
    if (grant.origins.length > 0) holdOrigin(grant, origin);
    return allowance;
  }

  /**
   * The call has gone on for a while: is it still allowed to?
   *
   * @returns null where it is; else it is looked at, and a promise of that
   */
  confirm(credential: Credential, use: Use, address: string): Promise<Grant> | null {
    return this.keys.recall(credential, use) === null ? this.checks.check(credential, use, address) : null;
  }

  /** Takes what a call came to beside itself, from the key or else from the address. */
  charge(grant: Grant | null, address: string, cost: Cost): void {
    this.limits.charge(grant, address, cost);
  }
}
