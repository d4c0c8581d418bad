import { Injectable } from '@nestjs/common';
import { CounterCache } from '../cache/counter-cache.js';
import { WriteSettings } from '../config/config.js';
import { Meters, readingsOf } from '../meters/meters.js';
import { CounterReader } from '../store/counter-reader.js';
import { FillAhead } from './reads/fill-ahead.js';
import { Commits } from './commits/commits.js';
import { Reconciler } from './upkeep/reconciler.js';
import { Tallies } from './tallies.js';

/** Says what the rules count. */
@Injectable()
export class CounterMeters {
  constructor(
    private readonly meters: Meters,
    private readonly tallies: Tallies,
    private readonly commits: Commits,
    private readonly settings: WriteSettings,
    private readonly cache: CounterCache,
    private readonly reconciler: Reconciler,
    private readonly reader: CounterReader,
    private readonly ahead: FillAhead,
  ) {
    this.addReads();
    this.addWrites();
    this.addBatches();
    this.addReconcile();
  }

  private addReads(): void {
    const { meters, tallies, cache, reader, ahead } = this;
    meters.add(
      {
        kind: 'counter',
        name: 'evercount_cache_requests_total',
        help: 'Counters that were read, by where they came from',
        read: () => readingsOf('result', tallies.reads),
      },
      {
        kind: 'counter',
        name: 'evercount_cache_leases_total',
        help: 'Leases that were asked for: granted (or shared), found an entry instead, or refused',
        read: () => readingsOf('result', cache.leases),
      },
      {
        kind: 'counter',
        name: 'evercount_cache_publications_total',
        help: 'Truths that were published, by what became of the key',
        read: () => readingsOf('result', cache.publications),
      },
      {
        kind: 'counter',
        name: 'evercount_filled_ahead_total',
        help: 'Entries that were brought back before their readers came, since others were missed together',
        read: () => ahead.filled,
      },
      {
        kind: 'gauge',
        name: 'evercount_postgres_reads_waiting',
        help: 'Counters that wait to be read from Postgres',
        read: () => reader.waitingNames,
      },
      {
        kind: 'gauge',
        name: 'evercount_postgres_reads_limit',
        help: 'Counters that may wait at once to be read from Postgres; one more is refused',
        read: () => reader.mostWaiting,
      },
      {
        kind: 'counter',
        name: 'evercount_postgres_reads_refused_total',
        help: 'Counters that were not read from Postgres, since too many were waiting',
        read: () => reader.refused,
      },
    );
  }

  private addWrites(): void {
    const { meters, tallies } = this;
    meters.add(
      {
        kind: 'counter',
        name: 'evercount_increments_total',
        help: 'Increments and decrements that were committed',
        read: () => tallies.writes.increment,
      },
      {
        kind: 'counter',
        name: 'evercount_writes_total',
        help: 'Writes that were committed',
        read: () => readingsOf('operation', tallies.writes),
      },
      {
        kind: 'counter',
        name: 'evercount_write_refusals_total',
        help: 'Writes that broke a rule, by the code of the answer',
        read: () => readingsOf('code', tallies.refusals),
      },
      {
        kind: 'counter',
        name: 'evercount_write_failures_total',
        help: 'Writes that could not be answered, by the code of the answer',
        read: () => readingsOf('code', tallies.failures),
      },
      {
        kind: 'counter',
        name: 'evercount_write_replays_total',
        help: 'Writes that had been decided before, under the same key',
        read: () => tallies.replays,
      },
    );
  }

  private addBatches(): void {
    const { meters, tallies, commits, settings } = this;
    const lanes = [
      { labels: { lane: 'increments' }, tally: tallies.increments },
      { labels: { lane: 'decisions' }, tally: tallies.decisions },
    ];
    meters.add(
      {
        kind: 'histogram',
        name: 'evercount_batch_writes',
        help: 'Writes that were committed together',
        read: () => lanes.map(({ labels, tally }) => ({ labels, value: tally.sizes })),
      },
      {
        kind: 'histogram',
        name: 'evercount_commit_duration_seconds',
        help: 'From sending a batch until it was known to be committed',
        read: () => lanes.map(({ labels, tally }) => ({ labels, value: tally.commits })),
      },
      {
        kind: 'histogram',
        name: 'evercount_publish_duration_seconds',
        help: 'From a commit until it might be told',
        read: () => [{ labels: {}, value: tallies.publishes }],
      },
      {
        kind: 'gauge',
        name: 'evercount_write_queue_length',
        help: 'Writes that were accepted and are not answered yet',
        read: () => commits.queueLength,
      },
      {
        kind: 'gauge',
        name: 'evercount_write_queue_limit',
        together: 'committer',
        help: 'Writes that may wait at once; one more is refused',
        read: () => settings.maxQueued,
      },
    );
  }

  private addReconcile(): void {
    const { meters } = this;
    const { tally } = this.reconciler;
    meters.add(
      {
        kind: 'counter',
        name: 'evercount_reconcile_runs_total',
        help: 'Runs of reconcile at this instance: complete, cut short, or failed',
        read: () => readingsOf('result', tally.runs),
      },
      {
        kind: 'counter',
        name: 'evercount_reconcile_compared_total',
        help: 'Entries that were compared with the truth',
        read: () => tally.compared,
      },
      {
        kind: 'counter',
        name: 'evercount_drift_total',
        help: 'Entries that disagreed with the truth: behind it, or nothing that was ever committed',
        read: () => readingsOf('kind', tally.drift),
      },
      {
        kind: 'counter',
        name: 'evercount_reconcile_repaired_total',
        help: 'Entries that were replaced or deleted',
        read: () => tally.repaired,
      },
      {
        kind: 'gauge',
        name: 'evercount_reconcile_last_complete_timestamp_seconds',
        together: 'committer',
        help: 'When a run at this instance last came to its end; missing before the first',
        read: () => (tally.completeAtMs === null ? [] : [{ labels: {}, value: tally.completeAtMs / 1_000 }]),
      },
      {
        kind: 'gauge',
        name: 'evercount_reconcile_last_duration_seconds',
        together: 'committer',
        help: 'How long the last run at this instance took',
        read: () => tally.durationMs / 1_000,
      },
    );
  }
}
