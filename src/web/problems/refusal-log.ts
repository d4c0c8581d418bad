import type { Logger } from '@nestjs/common';
import { networkOf } from '../../access/network.js';
import { readingsOf, type Meters } from '../../meters/meters.js';
import type { ProblemCode, ProblemError } from './problem.js';

/** Not let in: no good key, not allowed, too often, or by a name that this service does not have. */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 421, 429]);

/** A line for each kind of refusal; whoever is refused a thousand times a second must not fill the disk. */
const PERIOD_MS = 60_000;

/** Addresses that a line names, those with the most refusals; and that are counted one by one until then. */
const TOLD_ADDRESSES = 10;
const MAX_ADDRESSES = 1_000;

/** Who was refused, how often: a line a minute for each kind, and a metric. */
export class RefusalLog {
  private readonly totals: Partial<Record<ProblemCode, number>> = {};
  private readonly period = new Map<ProblemCode, Map<string, number>>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly logger: Logger) {}

  addTo(meters: Meters): void {
    meters.add({
      kind: 'counter',
      name: 'evercount_refusals_total',
      help: 'Requests that were not let in, by the code of their problem',
      read: () => readingsOf('code', this.totals),
    });
  }

  /** @param address of whoever was refused */
  note({ code, status }: ProblemError, address: string): void {
    if (!REFUSALS.has(status)) return;
    this.totals[code] = (this.totals[code] ?? 0) + 1;
    let addresses = this.period.get(code);
    if (addresses === undefined) this.period.set(code, (addresses = new Map<string, number>()));
    const network = networkOf(address);
    const known = addresses.has(network) || addresses.size < MAX_ADDRESSES;
    const counted = known ? network : 'others';
    addresses.set(counted, (addresses.get(counted) ?? 0) + 1);
    this.timer ??= setTimeout(() => this.tell(), PERIOD_MS).unref();
  }

  /** Tells what was refused since the last time, at once. */
  tell(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    for (const [code, addresses] of this.period) {
      const most = [...addresses].sort(([, a], [, b]) => b - a);
      this.logger.log({
        msg: 'requests were refused',
        code,
        count: most.reduce((all, [, count]) => all + count, 0),
        addresses: Object.fromEntries(most.slice(0, TOLD_ADDRESSES)),
        furtherAddresses: Math.max(0, most.length - TOLD_ADDRESSES),
      });
    }
    this.period.clear();
  }
}
