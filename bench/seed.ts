/** Gives everybody the counters that are going to be read. */
import { divisionOf } from '../src/store/division.js';
import { insertCounters } from '../test/support/counter-rows.js';
import { inRedis } from './arena.js';
import { nameOf } from './load/workload.js';
import { inPostgres } from './postgres.js';

/** Items of one request to the service, at most. */
const BATCH_ITEMS = 1000;

/** Rows of one statement. */
const ROWS_AT_ONCE = 100_000;

/** Requests at once to a server that takes one counter each. */
const CLIENTS = 64;

/** The service: by its own batch calls, of which the second fills the cache. */
export async function seedByBatches(url: string, names: readonly string[]): Promise<void> {
  for (let start = 0; start < names.length; start += BATCH_ITEMS) {
    const batch = names.slice(start, start + BATCH_ITEMS);
    await post(`${url}/v1/increments`, { increments: batch.map((name) => ({ name })) });
    await post(`${url}/v1/reads`, { names: batch });
  }
}

/** Whoever has no batch call: one increment each. */
export async function seedOneByOne(url: string, names: readonly string[]): Promise<void> {
  const left = names.values();
  const client = async (): Promise<void> => {
    for (const name of left) await post(`${url}/v1/counters/${name}/increment`);
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

/** Redis itself. */
export async function seedRedis(url: string, names: readonly string[], valueOf = answerOf): Promise<void> {
  await inRedis(url, (redis) => redis.mset(names.flatMap((name) => [name, valueOf(name)])));
}

/** As long as the service's. */
function answerOf(name: string): string {
  const at = '2026-01-01T00:00:00.000Z';
  const bounds = { min: null, max: null, expiresAt: null };
  return JSON.stringify({ name, value: 1, version: 1, ...bounds, createdAt: at, updatedAt: at });
}

/** A table of the service that is empty yet: millions of rows by a few statements. */
export async function seedRows(databaseUrl: string, rows: number): Promise<void> {
  await inPostgres(databaseUrl, async (client) => {
    const { rows: found } = await client.query('SELECT FROM counters LIMIT 1');
    if (found.length > 0) return;
    const buckets = await divisionOf(client, null);
    for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
      const length = Math.min(ROWS_AT_ONCE, rows - from);
      await insertCounters(
        client,
        buckets,
        Array.from({ length }, (_, index) => nameOf(from + index)),
      );
    }
    await client.query('VACUUM ANALYZE counters');
  });
}

/** Sends a request, with a JSON body where there is one. */
export async function post(url: string, body?: object): Promise<void> {
  const json =
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(url, { method: 'POST', ...json });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`);
}
