import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DrillFailed, type DrilledService, type ReadFrom } from './drilled-service.js';

/** Light: a few hundred requests a second at most, whatever the service could take. */
const WRITERS = 3;
const READERS = 6;
const THINK_MS = 15;

/** Few enough to be hot, more than one so that no single row tells everything. */
const COUNTERS = 8;

const RETRY_PAUSE_MS = 50;

/** After the end of the load an increment whose outcome is not known is asked for this long. */
const SETTLE_MS = 30_000;

/** What became of one read. */
export interface ReadSample {
  /** When it was answered, by the monotonic clock. */
  readonly atMs: number;
  readonly tookMs: number;
  /** `nobody`: it was not answered. */
  readonly from: ReadFrom | 'nobody';
}

/** Light load on counters of its own, which are removed afterwards; nobody else's are touched. */
export class DrillLoad {
  readonly reads: ReadSample[] = [];
  private readonly names: readonly string[];
  /** Acknowledged increments of each counter, none of them twice. */
  private readonly acknowledged = new Map<string, number>();
  private failedWrites = 0;
  private running = true;
  private giveUpAtMs = Infinity;
  private clients: Promise<void>[] = [];

  constructor(private readonly calls: DrilledService) {
    const prefix = `evercount-drill/${randomUUID()}`;
    this.names = Array.from({ length: COUNTERS }, (_, index) => `${prefix}/${index}`);
  }

  start(): void {
    for (let index = 0; index < WRITERS; index += 1) this.clients.push(this.write(index));
    for (let index = 0; index < READERS; index += 1) this.clients.push(this.read(index));
  }

  /** Ends the load, once every increment is known to have counted. */
  async stop(): Promise<void> {
    this.running = false;
    this.giveUpAtMs = performance.now() + SETTLE_MS;
    await Promise.all(this.clients);
    this.clients = [];
  }

  /** Compares its counters with what was acknowledged; a sentence for each that disagrees. */
  async faults(): Promise<string[]> {
    const faults: string[] = [];
    for (const name of this.names) {
      const expected = this.acknowledged.get(name) ?? 0;
      for (const consistency of ['cached', 'strong'] as const) {
        const reading = await this.calls.read(name, consistency);
        const value = reading.kind === 'counter' ? reading.value : reading.kind === 'absent' ? 0 : null;
        if (value === expected) continue;
        const found = value === null ? 'cannot be read' : `is read as ${value}`;
        faults.push(`${name} was counted to ${expected}, and ${found} (${consistency})`);
      }
    }
    if (this.failedWrites > 0) faults.push(`${this.failedWrites} increments never became known`);
    return faults;
  }

  /** How many increments were acknowledged. */
  get increments(): number {
    return [...this.acknowledged.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Deletes its counters. Never fails: one that cannot be deleted is left. */
  async remove(): Promise<void> {
    for (const name of this.names) await this.calls.delete(name).catch(() => undefined);
  }

  private async write(first: number): Promise<void> {
    for (let turn = first; this.running; turn += 1) {
      const name = this.names[turn % this.names.length] ?? '';
      if (await this.count(name)) this.acknowledged.set(name, (this.acknowledged.get(name) ?? 0) + 1);
      else this.failedWrites += 1;
      await sleep(Math.random() * THINK_MS);
    }
  }

  /** One increment, sent under one key until it is acknowledged. */
  private async count(name: string): Promise<boolean> {
    const key = randomUUID();
    while (performance.now() < this.giveUpAtMs) {
      const isCounted = await this.calls.increment(name, key).catch((error: unknown) => {
        if (error instanceof DrillFailed) throw error;
        return false;
      });
      if (isCounted) return true;
      await sleep(RETRY_PAUSE_MS);
    }
    return false;
  }

  private async read(first: number): Promise<void> {
    for (let turn = first; this.running; turn += 1) {
      const begin = performance.now();
      const reading = await this.calls.read(this.names[turn % this.names.length] ?? '').catch(() => null);
      const atMs = performance.now();
      const from = reading === null || reading.kind === 'unanswered' ? 'nobody' : reading.from;
      this.reads.push({ atMs, tookMs: atMs - begin, from });
      await sleep(Math.random() * THINK_MS);
    }
  }
}
