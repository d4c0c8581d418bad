/** How much may be asked for: `quota` at once, and as much again within each window. */
export interface RatePolicy {
  /** Letters; as clients are told. */
  readonly name: string;
  readonly quota: number;
  readonly windowSeconds: number;
}

/** A burst of as much as ten seconds' worth is nobody's harm. */
const WINDOW_SECONDS = 10;

/** @param perSecond in the long run; below a tenth nobody would ever have any */
export function policyFor(name: string, perSecond: number): RatePolicy {
  return { name, quota: Math.max(1, perSecond * WINDOW_SECONDS), windowSeconds: WINDOW_SECONDS };
}

/** What a caller is told of its limit. */
export type Allowance = Pick<TokenBucket, 'policy' | 'left' | 'secondsToFull'>;

/** What one caller has left. Holds no timer: what came back meanwhile is added when it is looked at. */
export class TokenBucket {
  /** Used since the last time that other instances were told. */
  untold = 0;
  /** What all instances together had used when others were asked last, and when that was. */
  told: { readonly total: number; readonly atMs: number } | null = null;
  private level: number;

  /** @param nowMs of the monotonic clock, as everywhere in here */
  constructor(
    readonly policy: RatePolicy,
    private updatedAtMs: number,
  ) {
    this.level = policy.quota;
  }

  /** Takes one, if there is one. */
  take(nowMs: number): boolean {
    this.refill(nowMs);
    if (this.level < 1) return false;
    this.level -= 1;
    this.untold += 1;
    return true;
  }

  /** Whether there is one to take. */
  has(nowMs: number): boolean {
    this.refill(nowMs);
    return this.level >= 1;
  }

  /** Takes as many as were used, also where there are not as many: they are missing later. */
  charge(count: number, nowMs: number): void {
    this.chargeElsewhere(count, nowMs);
    this.untold += count;
  }

  /** Takes what was used on other instances. No debt is longer than a window. */
  chargeElsewhere(count: number, nowMs: number): void {
    this.refill(nowMs);
    this.level = Math.max(this.level - count, -this.policy.quota);
  }

  /** Whether nothing is missing, so that it says no more than a new one would. */
  isFull(nowMs: number): boolean {
    this.refill(nowMs);
    return this.level === this.policy.quota;
  }

  /** How many can be taken at once. */
  get left(): number {
    return Math.max(0, Math.floor(this.level));
  }

  /** Whole seconds until there is one to take, at least 1. */
  get secondsToOne(): number {
    return Math.max(1, Math.ceil((1 - this.level) / this.perSecond));
  }

  /** Whole seconds until all is there again. */
  get secondsToFull(): number {
    return Math.ceil((this.policy.quota - this.level) / this.perSecond);
  }

  private get perSecond(): number {
    return this.policy.quota / this.policy.windowSeconds;
  }

  private refill(nowMs: number): void {
    const back = ((nowMs - this.updatedAtMs) / 1_000) * this.perSecond;
    this.level = Math.min(this.policy.quota, this.level + back);
    this.updatedAtMs = nowMs;
  }
}
