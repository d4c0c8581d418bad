import { type RatePolicy, TokenBucket } from './token-bucket.js';

/** Callers in memory, some 200 bytes each. Further ones share a bucket, until others are full again and forgotten. */
export const MAX_CALLERS = 50_000;

/** What was learned from others longer ago says nothing about the time since. */
const STALE_MS = 3_000;

/** The buckets of all callers under one policy. */
export class CallerBuckets {
  private readonly buckets = new Map<string, TokenBucket>();
  private readonly surplus: TokenBucket;

  constructor(readonly policy: RatePolicy) {
    this.surplus = new TokenBucket(policy, performance.now());
  }

  get size(): number {
    return this.buckets.size;
  }

  /** @param policy the caller's own, where it has one; a bucket that was of another policy begins anew */
  of(caller: string, nowMs: number, policy: RatePolicy = this.policy): TokenBucket {
    let bucket = this.buckets.get(caller);
    if (bucket === undefined || bucket.policy.quota !== policy.quota) {
      if (bucket === undefined && this.buckets.size >= MAX_CALLERS) return this.surplus;
      bucket = new TokenBucket(policy, nowMs);
      this.buckets.set(caller, bucket);
    }
    return bucket;
  }

  /** Forgets who has everything left: a new bucket is the same. */
  forgetFull(nowMs: number): void {
    for (const [caller, bucket] of this.buckets) if (bucket.isFull(nowMs)) this.buckets.delete(caller);
  }

  /** Up to `limit` callers and what they used since the last call, which counts as told from now on. */
  takeUntold(limit: number): [caller: string, count: number][] {
    const untold: [string, number][] = [];
    for (const [caller, bucket] of this.buckets) {
      if (untold.length === limit) break;
      if (bucket.untold === 0) continue;
      untold.push([caller, bucket.untold]);
      bucket.untold = 0;
    }
    return untold;
  }

  /**
   * What a caller used everywhere so far: what others let through meanwhile is missing here from now on.
   *
   * @param own what this instance added to the total
   */
  learn(caller: string, total: number, own: number, nowMs: number): void {
    const bucket = this.buckets.get(caller);
    if (bucket === undefined) return;
    const { told } = bucket;
    if (told !== null && nowMs - told.atMs < STALE_MS) {
      // Less than before: the Redis was flushed.
      const elsewhere = total - told.total - own;
      if (elsewhere > 0) bucket.chargeElsewhere(elsewhere, nowMs);
    }
    bucket.told = { total, atMs: nowMs };
  }
}
