import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { CallerBuckets } from './caller-buckets.js';

/** What is logged: what a person did, or had a program do, and somebody may have to find out later. */
export type Action =
  | 'counter set'
  | 'counter reset'
  | 'counter deleted'
  | 'watch made'
  | 'watch changed'
  | 'watch removed'
  | 'signed in'
  | 'signed out'
  | 'key made'
  | 'key changed'
  | 'key rotated'
  | 'key revoked'
  | 'key or session over';

/** Lines about one action of one key, in a minute and at once; what is beyond is counted. */
export const LINES_PER_MINUTE = 60;

const PERIOD_MS = 60_000;

/** Pairs of key and action that are counted; there are not more, but for one who makes thousands of keys. */
const MAX_COUNTED = 10_000;

/** Who did it, to what, from where; what is not known is left out. */
export interface Circumstances {
  /** '' where no key is asked for. */
  readonly keyId: string;
  readonly address?: string;
  readonly requestId?: string;
  readonly counter?: string;
  /** Its id. */
  readonly watch?: string;
  /** Where it is not known whether it was done. */
  readonly outcome?: 'unknown';
}

/** Writes a line in the log for each action; of one that a key does all the time a line now and then, and their number. */
@Injectable()
export class ActionLog implements OnApplicationShutdown {
  private readonly logger = new Logger('access');
  private readonly lines = new CallerBuckets({ name: 'lines', quota: LINES_PER_MINUTE, windowSeconds: 60 });
  private readonly counted = new Map<string, { readonly action: Action; readonly keyId: string; count: number }>();
  private timer: NodeJS.Timeout | null = null;

  onApplicationShutdown(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.tellCounted();
  }

  add(action: Action, circumstances: Circumstances): void {
    const nowMs = performance.now();
    const kind = `${action} ${circumstances.keyId}`;
    if (this.lines.of(kind, nowMs).take(nowMs)) this.logger.log({ msg: action, ...circumstances });
    else this.count(kind, action, circumstances.keyId);
    this.timer ??= setTimeout(() => this.endPeriod(), PERIOD_MS).unref();
  }

  private count(kind: string, action: Action, keyId: string): void {
    const counted = this.counted.get(kind);
    if (counted !== undefined) counted.count += 1;
    else if (this.counted.size < MAX_COUNTED) this.counted.set(kind, { action, keyId, count: 1 });
  }

  private endPeriod(): void {
    this.timer = null;
    this.lines.forgetFull(performance.now());
    this.tellCounted();
  }

  private tellCounted(): void {
    for (const { action, keyId, count } of this.counted.values()) {
      this.logger.log({ msg: `${action}, too often for a line each`, keyId, count });
    }
    this.counted.clear();
  }
}
