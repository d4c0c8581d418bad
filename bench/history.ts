/** What history costs those who write: the service as it is, beside one that keeps none. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Entrant, type Field, loadSubject } from './entrants.js';
import { itemsOf, type Workload } from './load/workload.js';
import { inPostgres } from './postgres.js';

/**
 * As often as the service takes batches into the history. A turn lasts so long, and begins with as much load that is not
 * measured: so what is derived meanwhile is as much as is written meanwhile.
 */
export const DERIVED_EVERY_SECONDS = 5;

const POLL_MS = 100;

/** Takes away all that a write pays for history: the job finds nothing to go on with, and batches are in no index. */
const FORGET_HISTORY = [
  'DELETE FROM batch_cursors',
  'DROP INDEX IF EXISTS batches_committed_in',
  'ALTER TABLE batches ALTER COLUMN committed_in DROP DEFAULT',
];

/** Batches that the history lacks; none where there is no history. */
const UNDERIVED = `
  SELECT 1 FROM batches, batch_cursors WHERE NOT pg_visible_in_snapshot(committed_in, seen) LIMIT 1`;

/** @param keeps whether there is a history; each has a database of its own */
export function serviceWithHistory(field: Field, workload: Workload, keeps: boolean): Entrant {
  const key = keeps ? 'history' : 'no-history';
  const start = () => field.arena.separateService(key);
  const subject = async () => (await start()).subject;
  return {
    key,
    label: keeps ? 'evercount' : 'evercount without history',
    items: itemsOf(workload),
    prepare: async () => {
      const { databaseUrl } = await start();
      if (keeps) return;
      await inPostgres(databaseUrl, async (client) => {
        for (const statement of FORGET_HISTORY) await client.query(statement);
      });
    },
    run: async (connections, seconds) => {
      await loadSubject(field, subject, workload, connections, DERIVED_EVERY_SECONDS);
      const measured = await loadSubject(field, subject, workload, connections, seconds);
      // What is left to derive must not fall on whoever has the next turn.
      const { databaseUrl } = await start();
      await inPostgres(databaseUrl, async (client) => {
        while ((await client.query(UNDERIVED)).rows.length > 0) await sleep(POLL_MS);
      });
      return measured;
    },
  };
}
