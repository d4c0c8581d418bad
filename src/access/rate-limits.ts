import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CacheUnavailable } from '../cache/redis-connection.js';
import { SharedUsage } from '../cache/shared-usage.js';
import { AccessSettings } from '../config/config.js';
import { CallerBuckets } from './caller-buckets.js';
import { RateLimited } from './errors.js';
import { type Grant, holderOf } from './grant.js';
import { networkOf } from './network.js';
import { type Allowance, policyFor, type RatePolicy } from './token-bucket.js';

/** How often instances tell each other; a caller that comes to all of them gets a second's worth too much at most. */
const SYNC_INTERVAL_MS = 1_000;

/** Callers told of at a time: a pipeline of about a millisecond. The busiest are always among those that go on. */
const SYNC_CALLERS = 1_000;

/** Trying out keys makes the database look for them: an address may be refused once for this many requests. */
const REQUESTS_PER_REFUSAL = 100;

/** Sign-ins by one key, in a minute and at once: a person signs in a few times a day, and each is a row. */
export const SIGN_INS = 20;
const SIGN_IN_WINDOW_SECONDS = 60;

/**
 * Of an address, a stranger's requests are served at once so many times a second, whatever they are: pages, probes, and
 * what is refused or not there. Far more than people and probes need, and a twentieth of a core.
 */
const STRANGERS_PER_SECOND = 1_000;

/** Items of a batch that cost as much as a request. */
const ITEMS_PER_REQUEST = 10;

/** Bytes of a body that cost as much as a request: a megabyte takes some twenty milliseconds, in which nobody is served. */
const BYTES_PER_REQUEST = 1_024;

/** A read that the cache cannot answer costs so many requests more: two scripts in Redis, and a statement. */
const MISS_COST = 4;

/** What a request came to beside itself. */
export interface Cost {
  /** Of its body, as they were read. */
  readonly bytes?: number;
  /** Of a batch, of a page, or to be watched. */
  readonly items?: number;
  /** Counters that had to be read from Postgres; of items beside their price as such. */
  readonly misses?: number;
  readonly missedItems?: number;
}

/**
 * How often each key and each address may call. Decided in this process, so that a request waits for nothing; what
 * other instances let through is learned from Redis about once a second, where there is one.
 */
@Injectable()
export class RateLimits implements OnApplicationShutdown {
  readonly isOn: boolean;
  private readonly keys: CallerBuckets;
  /** Of an address, those whose key is known, and all others: strangers cannot shut out who is known. */
  private readonly known: CallerBuckets;
  private readonly addresses: CallerBuckets;
  private readonly refusals: CallerBuckets;
  private readonly signIns: CallerBuckets;
  /** For this process to be held up by nobody, so other instances need not know. */
  private readonly strangers = new CallerBuckets({ name: 'strangers', quota: STRANGERS_PER_SECOND, windowSeconds: 1 });
  private readonly all: readonly CallerBuckets[];
  private readonly timer: NodeJS.Timeout | null = null;
  private syncing = false;

  constructor(
    { auth, rateLimit, perKeyPerSecond, perAddressPerSecond }: AccessSettings,
    private readonly usage: SharedUsage,
  ) {
    this.isOn = rateLimit;
    this.keys = bucketsFor('key', perKeyPerSecond);
    this.known = bucketsFor('address-with-key', perAddressPerSecond);
    this.addresses = bucketsFor('address', perAddressPerSecond);
    this.refusals = bucketsFor('refusals', perAddressPerSecond / REQUESTS_PER_REFUSAL);
    this.signIns = new CallerBuckets({ name: 'sign-ins', quota: SIGN_INS, windowSeconds: SIGN_IN_WINDOW_SECONDS });
    this.all = [this.keys, this.known, this.addresses, this.refusals, this.signIns];
    // A key may have a limit of its own where nothing else has.
    if (rateLimit || auth === 'required') this.timer = setInterval(() => void this.sync(), SYNC_INTERVAL_MS).unref();
  }

  onApplicationShutdown(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  /**
   * A request without a key, or with one that is not known.
   *
   * @throws RateLimited
   */
  takeForStranger(address: string): Allowance {
    return take(this.addresses, 'address', networkOf(address));
  }

  /**
   * A request with a key that is known.
   *
   * @throws RateLimited
   */
  takeForKnown(address: string): Allowance {
    return take(this.known, 'address', networkOf(address));
  }

  /**
   * @returns null where the key is not limited
   * @throws RateLimited
   */
  takeForKey({ keyId, pace }: Grant): Allowance | null {
    return this.isOn || pace !== null ? take(this.keys, 'key', keyId, pace ?? this.keys.policy) : null;
  }

  /**
   * Counts a request that comes without a key, or with one that is not known.
   *
   * @param network as `networkOf` says
   * @returns whether there were too many of them
   */
  isStrangerPast(network: string): boolean {
    const nowMs = performance.now();
    return !this.strangers.of(network, nowMs).take(nowMs);
  }

  /** Whether a key has used up what it may ask for. */
  isKeyPast({ keyId, pace }: Grant): boolean {
    const nowMs = performance.now();
    return !this.keys.of(keyId, nowMs, pace ?? this.keys.policy).has(nowMs);
  }

  /**
   * An address would have a key looked up.
   *
   * @throws RateLimited where too many of its keys were refused
   */
  holdForRefusals(address: string): void {
    if (!this.isOn) return;
    const bucket = this.refusals.of(networkOf(address), performance.now());
    if (!bucket.has(performance.now()))
      throw new RateLimited('Too many bad keys by this address.', bucket.secondsToOne);
  }

  /** An address tried a key that is not good. */
  chargeForRefusal(address: string): void {
    if (!this.isOn) return;
    const nowMs = performance.now();
    this.refusals.of(networkOf(address), nowMs).charge(1, nowMs);
  }

  /** @throws RateLimited */
  takeForSignIn(keyId: string): void {
    if (!this.isOn) return;
    const nowMs = performance.now();
    const bucket = this.signIns.of(keyId, nowMs);
    if (!bucket.take(nowMs)) throw new RateLimited('Too many sign-ins with this key.', bucket.secondsToOne);
  }

  /** Whoever has no key pays by the address. */
  charge(grant: Grant | null, address: string, cost: Cost): void {
    if (!this.isOn && (grant?.pace ?? null) === null) return;
    const requests = requestsOf(cost);
    if (requests === 0) return;
    const nowMs = performance.now();
    const bucket =
      grant === null || holderOf(grant) === null
        ? this.addresses.of(networkOf(address), nowMs)
        : this.keys.of(grant.keyId, nowMs, grant.pace ?? this.keys.policy);
    bucket.charge(requests, nowMs);
  }

  private async sync(): Promise<void> {
    const nowMs = performance.now();
    for (const buckets of [...this.all, this.strangers]) buckets.forgetFull(nowMs);
    if (this.syncing) return;
    this.syncing = true;
    try {
      for (const buckets of this.all) await this.tell(buckets);
    } catch (error) {
      // Each instance then limits by what it sees itself.
      if (!(error instanceof CacheUnavailable)) throw error;
    } finally {
      this.syncing = false;
    }
  }

  private async tell(buckets: CallerBuckets): Promise<void> {
    const untold = buckets.takeUntold(SYNC_CALLERS);
    if (untold.length === 0) return;
    const totals = await this.usage.add(untold.map(([caller, count]) => [`${buckets.policy.name}:${caller}`, count]));
    const nowMs = performance.now();
    untold.forEach(([caller, own], index) => buckets.learn(caller, totals[index] ?? 0, own, nowMs));
  }
}

function bucketsFor(name: string, perSecond: number): CallerBuckets {
  return new CallerBuckets(policyFor(name, perSecond));
}

/** As many requests as it costs. */
function requestsOf({ bytes = 0, items = 0, misses = 0, missedItems = 0 }: Cost): number {
  return (
    Math.floor(bytes / BYTES_PER_REQUEST) +
    Math.floor((items + missedItems * MISS_COST) / ITEMS_PER_REQUEST) +
    misses * MISS_COST
  );
}

/** @returns what is left to the caller */
function take(
  buckets: CallerBuckets,
  kind: 'key' | 'address',
  caller: string,
  policy: RatePolicy = buckets.policy,
): Allowance {
  const nowMs = performance.now();
  const bucket = buckets.of(caller, nowMs, policy);
  if (bucket.take(nowMs)) return bucket;
  throw new RateLimited(`Too many requests by this ${kind}.`, bucket.secondsToOne, bucket);
}
