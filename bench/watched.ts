/** What watches cost those who write: the service with a watch on each counter, beside one without. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Entrant, type Field, loadSubject } from './entrants.js';
import { itemsOf, nameOf, type Workload } from './load/workload.js';
import { inPostgres } from './postgres.js';
import { post, seedByBatches } from './seed.js';

/** Watches look at the log so often. A turn lasts as long at least, and begins with as much load that is not measured. */
export const LOOKED_EVERY_SECONDS = 3;

/** As many as there may be, and as there are counters in the contests over many. */
const WATCHED = 10_000;

/** Watches that are made at once. */
const AT_ONCE = 16;

const POLL_MS = 100;

/** Batches that watches have not read; none where there are no watches. */
const UNREAD = `
  SELECT FROM batches, batch_cursors
  WHERE batch_cursors.name = 'watches' AND NOT pg_visible_in_snapshot(committed_in, seen) LIMIT 1`;

/** @param watched whether each counter has a watch that never fires; each service has a database of its own */
export function serviceWithWatches(field: Field, workload: Workload, watched: boolean): Entrant {
  const key = watched ? 'watched' : 'unwatched';
  const start = () => field.arena.separateService(key);
  const subject = async () => (await start()).subject;
  return {
    key,
    label: watched ? `evercount, ${WATCHED.toLocaleString('en')} watches` : 'evercount without watches',
    items: itemsOf(workload),
    prepare: async () => {
      const { url } = await start();
      const names = Array.from({ length: WATCHED }, (_, index) => nameOf(index));
      await seedByBatches(url, names);
      if (!watched) return;
      const left = names.values();
      const make = async (): Promise<void> => {
        for (const name of left)
          await post(`${url}/v1/watches`, { name, when: { above: Number.MAX_SAFE_INTEGER - 1 } });
      };
      await Promise.all(Array.from({ length: AT_ONCE }, make));
    },
    run: async (connections, seconds) => {
      await loadSubject(field, subject, workload, connections, LOOKED_EVERY_SECONDS);
      const measured = await loadSubject(field, subject, workload, connections, seconds);
      // What is left to read must not fall on whoever has the next turn.
      const { databaseUrl } = await start();
      await inPostgres(databaseUrl, async (client) => {
        while ((await client.query(UNREAD)).rowCount !== 0) await sleep(POLL_MS);
      });
      return measured;
    },
  };
}
