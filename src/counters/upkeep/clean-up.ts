import { Injectable, Logger } from '@nestjs/common';
import { AuditSettings } from '../../config/config.js';
import { DAY_MS } from '../../domain/time.js';
import { Meters } from '../../meters/meters.js';
import { AuditLog } from '../../store/audit-log.js';
import { BatchLog, type CursorLag, type KeptForReaders } from '../../store/batch-log.js';
import { Batches } from '../../store/batches.js';
import { HappeningLog } from '../../store/happening-log.js';
import { IdempotencyKeys } from '../../store/idempotency-keys.js';
import { KeyClaims } from '../../store/key-claims.js';
import { Samples } from '../../store/samples.js';
import { endOfRun, removeInChunks } from '../chunks.js';
import { Clock } from '../clock.js';

/** A batch is sent again for seconds after its connection was lost; ten minutes leave room for a frozen process. */
const BATCH_LIFE_MS = 600_000;

/** After a quiet night too, these tell which counters a cold cache is to be filled with. */
const KEPT_BATCHES = 1_000;

/**
 * What is kept for a reader that does not come. Three days, so that one that breaks on a Friday can be mended on Monday;
 * and rows that take up some ten gigabytes, at about a kilobyte for a batch of ten counters.
 */
const KEPT_FOR_READERS: KeptForReaders = { ageMs: 3 * DAY_MS, batches: 10_000_000 };

/** Whoever sets counters all the time must not fill the disk with it: some 300 MB. */
const KEPT_DEEDS = 1_000_000;

/** A server that comes and goes every second must not fill the disk either. */
const KEPT_HAPPENINGS = 100_000;

/** A day, and what the timeline begins before it. */
const SAMPLES_LIFE_HOURS = 25;

/** Another instance may have cleaned up since: what was seen longer ago says nothing of now. */
const LAGS_LIFE_MS = 180_000;

/** Rows in one statement: tens of milliseconds, far below the statement timeout. */
const CHUNK = 5_000;

/** A run ends well before the next one begins, a minute later. */
const LONGEST_RUN_MS = 30_000;

export interface CleanUpReport {
  /** Rows of batches that were removed. */
  readonly batches: number;
  /** Expired idempotency keys that were removed. */
  readonly keys: number;
  /** Rows about who did what that were removed. */
  readonly deeds: number;
  /** Whether nothing was left to remove. */
  readonly complete: boolean;
  readonly durationMs: number;
}

/** Removes rows that nobody will ask for any more. */
@Injectable()
export class CleanUp {
  private readonly logger = new Logger(CleanUp.name);
  private lags: readonly CursorLag[] = [];
  private lagsSeenAtMs = -Infinity;

  constructor(
    private readonly batches: Batches,
    private readonly log: BatchLog,
    private readonly keys: IdempotencyKeys,
    private readonly claims: KeyClaims,
    private readonly audit: AuditLog,
    private readonly happenings: HappeningLog,
    private readonly samples: Samples,
    private readonly settings: AuditSettings,
    meters: Meters,
    private readonly clock: Clock,
  ) {
    meters.add({
      kind: 'gauge',
      name: 'evercount_batch_log_lag_seconds',
      together: 'committer',
      help: 'Age of the oldest batch that a reader has not read; missing where this instance has not looked of late',
      read: () =>
        this.clock.monotonicMs() - this.lagsSeenAtMs > LAGS_LIFE_MS
          ? []
          : this.lags.map(({ cursor, behindMs }) => ({ labels: { cursor }, value: behindMs / 1_000 })),
    });
  }

  /** Removes in chunks until nothing is left, or its time is over. */
  async runOnce({ signal }: { readonly signal?: AbortSignal } = {}): Promise<CleanUpReport> {
    const startedAtMs = this.clock.monotonicMs();
    const stop = endOfRun(LONGEST_RUN_MS, signal);
    const remove = (chunk: (limit: number) => Promise<number>) => removeInChunks(CHUNK, stop, chunk);
    const { days } = this.settings;
    await this.lookAfterReaders();
    const batches = await remove((limit) => this.batches.removeOlderThan(BATCH_LIFE_MS, KEPT_BATCHES, limit));
    const keys = await remove((limit) => this.keys.removeExpired(limit));
    const claims = await remove((limit) => this.claims.removeExpired(limit));
    const deeds = await remove((limit) => this.audit.removeOld(days, KEPT_DEEDS, limit));
    const happenings = await remove((limit) => this.happenings.removeOld(days, KEPT_HAPPENINGS, limit));
    const samples = await remove((limit) => this.samples.removeOld(SAMPLES_LIFE_HOURS, limit));
    return {
      batches: batches.removed,
      keys: keys.removed,
      deeds: deeds.removed,
      complete: [batches, keys, claims, deeds, happenings, samples].every(({ complete }) => complete),
      durationMs: Math.round(this.clock.monotonicMs() - startedAtMs),
    };
  }

  /** Batches are kept for readers of the log, but not for ever. */
  private async lookAfterReaders(): Promise<void> {
    this.lags = await this.log.lags();
    this.lagsSeenAtMs = this.clock.monotonicMs();
    const left = await this.log.letGo(KEPT_FOR_READERS);
    if (left.length > 0) {
      const msg = 'readers of the batch log were left behind: what they did not read is no longer kept for them';
      this.logger.error({ msg, cursors: left });
    }
  }
}
