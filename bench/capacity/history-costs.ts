/** What the history costs Postgres: the service's own statements, on batches of its own. */
import { HistoryDerivation } from '../../src/store/history/history-derivation.js';
import { HistoryRollUp } from '../../src/store/history/history-roll-up.js';
import { cpuSeconds } from '../cpu.js';
import { nameOf } from '../load/workload.js';
import { inPostgres } from '../postgres.js';
import type { HistoryCosts } from './costs.js';
import { batchOf, type Bench, bytesOf, count, logPosition, openBench } from './statement-costs.js';

/** That change in the same minute, each once; and those that change again and again. */
const COUNTERS = 100_000;
const HOT = 100;
const HOT_BATCHES = 1_000;
const BATCH = 2_000;

const beginOfDay = (ms: number): number => Math.floor(ms / 86_400_000) * 86_400_000;

/** @param url of a database that is empty but for the service's tables */
export async function measureHistory(url: string): Promise<HistoryCosts> {
  const bench = await openBench(url);
  const { pool } = bench;
  try {
    for (let start = 0; start < COUNTERS; start += BATCH) {
      const names = Array.from({ length: BATCH }, (_, index) => nameOf(start + index));
      await bench.batches.apply(batchOf(names, false), false);
    }
    const spread = await costOf(bench, () => deriveAll(bench));
    const minutes = await count(pool, 'SELECT count(*) FROM history_minutes');
    await inPostgres(url, async (client) => {
      // Those minutes are over by now.
      await client.query(`UPDATE history_minutes SET at = at - interval '1 hour'`);
      await client.query(`UPDATE history_progress SET unrolled_from = (SELECT min(at) FROM history_minutes)`);
    });
    const rolled = await costOf(bench, () => rollUpAll(bench));
    const sizes = await Promise.all(
      ['minutes', 'hours', 'days'].map(async (period) => {
        const table = `history_${period}`;
        await inPostgres(url, (client) => client.query(`VACUUM FULL ${table}`));
        return (await bytesOf(pool, table)) / (await count(pool, `SELECT count(*) FROM ${table}`));
      }),
    );
    const hot = Array.from({ length: HOT }, (_, index) => nameOf(index));
    for (let batch = 0; batch < HOT_BATCHES; batch += 1) await bench.batches.apply(batchOf(hot, false), false);
    const again = await costOf(bench, () => deriveAll(bench));
    const changeMs = again.ms / (HOT * HOT_BATCHES);
    const [minuteBytes = NaN, hourBytes = NaN, dayBytes = NaN] = sizes;
    return {
      changeMs,
      minuteMs: Math.max(0, spread.ms - COUNTERS * changeMs) / minutes + rolled.ms / minutes,
      logPerMinute: (spread.logBytes + rolled.logBytes) / minutes,
      minuteBytes,
      hourBytes,
      dayBytes,
    };
  } finally {
    await pool.end();
  }
}

async function costOf(bench: Bench, work: () => Promise<void>): Promise<{ ms: number; logBytes: number }> {
  const [log, usedBefore] = [await logPosition(bench.pool), cpuSeconds(bench.pid)];
  await work();
  return {
    ms: (cpuSeconds(bench.pid) - usedBefore) * 1_000,
    logBytes: (await logPosition(bench.pool)) - log,
  };
}

async function deriveAll({ pool }: Bench): Promise<void> {
  const derivation = new HistoryDerivation(pool);
  while ((await derivation.deriveChunk(beginOfDay))?.complete !== true);
}

async function rollUpAll({ pool }: Bench): Promise<void> {
  const rollUp = new HistoryRollUp(pool);
  while ((await rollUp.rollUpMinute(beginOfDay))?.complete !== true);
}
