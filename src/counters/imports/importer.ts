import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CounterReader } from '../../store/counter-reader.js';
import type { Decided, DecidedBatches } from '../../store/decided-batches.js';
import { StoreFailure } from '../../store/failure.js';
import type { Truth } from '../../domain/counter.js';
import { Unavailable } from '../../domain/errors.js';
import type { Exposure } from '../commits/exposure.js';
import { decideImport, type ImportedCounter, type ImportOutcome } from './import-rule.js';
import { NotWritten } from '../commits/lane.js';
import { sendUntilKnown } from '../commits/resend.js';
import type { Clock } from '../clock.js';

/** A restart of Postgres or Redis in the middle of a long import is waited for. */
const PATIENCE_MS = 60_000;
const RETRY_PAUSE_MS = 200;

/** Who runs an import operates the service: no quota is charged for it. */
const NOBODY: ReadonlyMap<string, string> = new Map();

/** Only batches with idempotency keys need it. */
const NO_KEYS = { keys: [], keyTtlHours: 1, creators: [] } as const;

/**
 * Brings counters in from elsewhere, beside services that run: in batches like every other write, committed under the
 * locks of their rows, and published before anybody is told that they are in.
 */
export class Importer {
  constructor(
    private readonly batches: DecidedBatches,
    private readonly reader: CounterReader,
    private readonly exposure: Exposure,
    private readonly clock: Clock,
  ) {}

  /**
   * Commits one batch of up to 500 counters.
   *
   * @param overwrite whether other values that are there give way
   * @returns what became of each, in their order; only then are they told
   * @throws StoreFailure, CounterError, NotWritten when the servers stay away for a minute
   */
  async commit(counters: readonly ImportedCounter[], overwrite: boolean): Promise<readonly ImportOutcome[]> {
    const deadlineMs = this.clock.monotonicMs() + PATIENCE_MS;
    const batch = { id: randomUUID(), names: [...new Set(counters.map(({ name }) => name))], held: [], ...NO_KEYS };
    let sends = 0;
    let decided: readonly Truth[] = [];
    let sentAtMs = this.clock.monotonicMs();
    const send = (): Promise<Decided<ImportOutcome>> => {
      sends += 1;
      sentAtMs = this.clock.monotonicMs();
      return this.batches.run<ImportOutcome>(batch, ({ truths, now }) => {
        const ruling = ruleOn(counters, truths, now, overwrite);
        decided = ruling.truths;
        return { changed: ruling.changed, creators: NOBODY, kept: [], deeds: [], verdicts: ruling.outcomes };
      });
    };
    const { verdicts, clock } = await patiently(this.clock, deadlineMs, () =>
      sendUntilKnown(send, deadlineMs, this.clock),
    );
    // An earlier try may be the one that was committed, with times of its own.
    const { truths, times } =
      sends === 1
        ? { truths: decided, times: { sentAtMs, clock } }
        : await patiently(this.clock, deadlineMs, () => this.reader.readMany(batch.names));
    await patiently(this.clock, deadlineMs, () => this.exposure.publish(truths, times));
    return verdicts;
  }

  /**
   * What an import would do, as things are now; changes nothing.
   *
   * @throws StoreFailure
   */
  async foresee(counters: readonly ImportedCounter[], overwrite: boolean): Promise<readonly ImportOutcome[]> {
    const { truths } = await this.reader.readMany([...new Set(counters.map(({ name }) => name))]);
    const known = new Map(truths.map((truth) => [truth.name, truth]));
    return ruleOn(counters, known, new Date().toISOString(), overwrite).outcomes;
  }
}

function ruleOn(
  counters: readonly ImportedCounter[],
  before: ReadonlyMap<string, Truth>,
  now: string,
  overwrite: boolean,
): { truths: Truth[]; changed: Truth[]; outcomes: ImportOutcome[] } {
  const truths = new Map(before);
  const outcomes = counters.map((counter) => {
    const truth = truths.get(counter.name) ?? { name: counter.name, value: null, version: 0 };
    const ruling = decideImport(counter, truth, now, overwrite);
    truths.set(counter.name, ruling.truth);
    return ruling.outcome;
  });
  const after = [...truths.values()];
  const changed = after.filter(({ name, version }) => version !== before.get(name)?.version);
  return { truths: after, changed, outcomes };
}

/** Tries again what may succeed later; a committed batch is not forgotten because it cannot be published yet. */
async function patiently<T>(clock: Clock, deadlineMs: number, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || clock.monotonicMs() > deadlineMs) throw error;
      await sleep(RETRY_PAUSE_MS);
    }
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof StoreFailure) return error.fate !== 'rejected';
  return error instanceof NotWritten || error instanceof Unavailable;
}
