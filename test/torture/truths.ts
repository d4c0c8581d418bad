/** The truth at the end, read from Postgres itself, when no instance runs any more. */
import pg from 'pg';
import type { FinalTruth, FinalTruths, HistoryEntry } from './history.js';

interface CounterRow {
  readonly name: string;
  readonly value: string;
  readonly version: string;
}

interface KeyRow {
  readonly key: string;
  readonly value: string | null;
  readonly version: string;
}

/** Into how many the truth is divided. */
export function readBuckets(databaseUrl: string): Promise<number> {
  return connected(databaseUrl, async (client) => {
    const { rows } = await client.query<{ buckets: number }>('SELECT buckets FROM division');
    return rows[0]?.buckets ?? 0;
  });
}

export function readTruths(databaseUrl: string, history: readonly HistoryEntry[]): Promise<FinalTruths> {
  return connected(databaseUrl, async (client) => {
    const counters = await client.query<CounterRow>('SELECT name, value, version FROM counters');
    const keys = unknownKeys(history);
    const kept = await client.query<KeyRow>(
      'SELECT key, value, version FROM idempotency_keys WHERE key = ANY($1) AND refusal IS NULL',
      [[...keys.keys()]],
    );
    const found = new Map(kept.rows.map((row) => [row.key, row]));
    const truths = new Map<string, FinalTruth>();
    for (const name of new Set(history.map(({ counter }) => counter))) truths.set(name, absent());
    for (const { name, value, version } of counters.rows) {
      truths.set(name, { value: Number(value), version: Number(version), unknownByKey: new Map() });
    }
    return new Map(
      [...truths].map(([name, truth]) => {
        const own = [...keys].filter(([, counter]) => counter === name);
        const unknownByKey = new Map(own.map(([key]) => [key, resultOf(found.get(key))]));
        return [name, { ...truth, unknownByKey }];
      }),
    );
  });
}

async function connected<T>(databaseUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  return work(client).finally(() => client.end());
}

const absent = (): FinalTruth => ({ value: 0, version: 0, unknownByKey: new Map() });

const resultOf = (row: KeyRow | undefined): { value: number; version: number } | null =>
  row === undefined ? null : { value: Number(row.value), version: Number(row.version) };

function unknownKeys(history: readonly HistoryEntry[]): Map<string, string> {
  return new Map(
    history.flatMap((entry) =>
      entry.kind === 'write' && entry.outcome.kind === 'unknown' && entry.key !== null
        ? [[entry.key, entry.counter] as const]
        : [],
    ),
  );
}
