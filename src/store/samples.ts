import type pg from 'pg';
import { withClient } from './clients.js';
import { utc } from './utc.js';

/** What was asked for: counters that were read, by where they came from, and writes. */
export interface Traffic {
  readonly hits: number;
  readonly misses: number;
  readonly bypasses: number;
  readonly unverified: number;
  readonly increments: number;
  readonly otherWrites: number;
  /** Writes that could not be answered. */
  readonly failures: number;
}

/** What an instance did since its sample before. */
export interface Sample extends Traffic {
  /** RFC 3339, by the database's clock: an insert may lie in a frozen Postgres for as long as that is frozen. */
  readonly at: string;
  /** Milliseconds since the one before. */
  readonly spanMs: number;
  readonly commits: Times;
  readonly publishes: Times;
  /** Writes that waited when it was taken. */
  readonly queue: number;
  /** Whether entries were served. */
  readonly serves: boolean;
}

/** How many there were, how long they took together, and which time one in a hundred was above; null without any. */
export interface Times {
  readonly count: number;
  readonly ms: number;
  readonly p99Ms: number | null;
}

/** All instances together, in one step of time. Rates are of a second. */
export interface TimelinePoint extends Traffic {
  /** RFC 3339: where the step begins. */
  readonly at: string;
  readonly commitMs: number | null;
  readonly commitP99Ms: number | null;
  readonly publishMs: number | null;
  readonly publishP99Ms: number | null;
  /** The longest there was. */
  readonly queue: number;
  readonly instances: number;
  /** Those that served entries in all of it. */
  readonly serving: number;
}

export interface Timeline {
  readonly from: string;
  readonly to: string;
  readonly points: readonly TimelinePoint[];
}

const COLUMNS = `span_ms, hits, misses, bypasses, unverified, increments, other_writes, failures, commits, commit_ms,
  commit_p99_ms, publishes, publish_ms, publish_p99_ms, queue, serves`;

const TYPES = [
  'int',
  ...Array<string>(8).fill('bigint'),
  'float8',
  'float8',
  'bigint',
  'float8',
  'float8',
  'int',
  'boolean',
];

const INSERT = `
  INSERT INTO samples (at, instance, ${COLUMNS})
  SELECT at, $1, ${COLUMNS}
  FROM unnest($2::timestamptz[], ${TYPES.map((type, at) => `$${at + 3}::${type}[]`).join(', ')}) AS new (at, ${COLUMNS})
  ON CONFLICT DO NOTHING`;

/** Of a step: each instance by what it did in the time that its samples tell of; then all of them together. */
const rate = (column: string): string => `coalesce(sum(${column} * 1000.0 / span), 0)::float8`;
const mean = (count: string, ms: string): string => `sum(${ms}) / nullif(sum(${count}), 0)`;

/** $1 how many seconds back, $2 seconds of a step. */
const TIMELINE = `
  WITH range AS (
    SELECT to_timestamp((floor(extract(epoch FROM now()) / $2::int) - $1::int / $2::int + 1) * $2::int) AS from, now() AS to
  ),
  own AS (
    SELECT floor(extract(epoch FROM at) / $2::int) * $2::int AS step, instance, sum(span_ms) AS span, sum(hits) AS hits,
           sum(misses) AS misses, sum(bypasses) AS bypasses, sum(unverified) AS unverified, sum(increments) AS increments,
           sum(other_writes) AS other_writes, sum(failures) AS failures, sum(commits) AS commits,
           sum(commit_ms) AS commit_ms, max(commit_p99_ms) AS commit_p99_ms, sum(publishes) AS publishes,
           sum(publish_ms) AS publish_ms, max(publish_p99_ms) AS publish_p99_ms, max(queue) AS queue, bool_and(serves) AS serves
    FROM samples WHERE at >= (SELECT range.from FROM range) AND at <= now()
    GROUP BY 1, instance
  ),
  points AS (
    SELECT step, ${rate('hits')} AS hits, ${rate('misses')} AS misses, ${rate('bypasses')} AS bypasses,
           ${rate('unverified')} AS unverified, ${rate('increments')} AS increments,
           ${rate('other_writes')} AS "otherWrites", ${rate('failures')} AS failures,
           ${mean('commits', 'commit_ms')} AS "commitMs", max(commit_p99_ms) AS "commitP99Ms",
           ${mean('publishes', 'publish_ms')} AS "publishMs", max(publish_p99_ms) AS "publishP99Ms",
           max(queue) AS queue, count(*)::int AS instances, (count(*) FILTER (WHERE serves))::int AS serving
    FROM own GROUP BY step
  )
  SELECT ${utc('range.from')} AS from, ${utc('range.to')} AS to,
         (SELECT coalesce(json_agg(json_build_object('at', ${utc('to_timestamp(step)')}, 'hits', hits, 'misses', misses,
            'bypasses', bypasses, 'unverified', unverified, 'increments', increments, 'otherWrites', "otherWrites",
            'failures', failures, 'commitMs', "commitMs", 'commitP99Ms', "commitP99Ms", 'publishMs', "publishMs",
            'publishP99Ms', "publishP99Ms", 'queue', queue, 'instances', instances, 'serving', serving) ORDER BY step), '[]')
          FROM points) AS points
  FROM range`;

/** How things went: a row every few seconds of each instance, for a day. */
export class Samples {
  constructor(private readonly pool: pg.Pool) {}

  /** @throws StoreFailure */
  async add(instance: string, samples: readonly Sample[]): Promise<void> {
    const columns = [
      ...samples.map((sample) => [
        ...[sample.at, sample.spanMs, sample.hits, sample.misses, sample.bypasses, sample.unverified],
        ...[sample.increments, sample.otherWrites, sample.failures],
        ...[sample.commits.count, sample.commits.ms, sample.commits.p99Ms],
        ...[sample.publishes.count, sample.publishes.ms, sample.publishes.p99Ms],
        ...[sample.queue, sample.serves],
      ]),
    ];
    const [first] = columns;
    if (first === undefined) return;
    const arrays = first.map((_, at) => columns.map((row) => row[at] ?? null));
    await withClient(this.pool, (client) => client.query(INSERT, [instance, ...arrays]));
  }

  /**
   * All instances together, step by step; steps of which nothing is known are left out.
   *
   * @param seconds how far back
   * @param stepSeconds by which they are divided; divides a day
   * @throws StoreFailure
   */
  async timeline(seconds: number, stepSeconds: number): Promise<Timeline> {
    const { rows } = await withClient(this.pool, (client) => client.query<Timeline>(TIMELINE, [seconds, stepSeconds]));
    const [timeline] = rows;
    if (timeline === undefined) throw new Error('a clock has one time');
    return timeline;
  }

  /**
   * Removes up to `limit` samples that are older.
   *
   * @returns how many were removed
   * @throws StoreFailure
   */
  async removeOld(hours: number, limit: number): Promise<number> {
    const { rowCount } = await withClient(this.pool, (client) =>
      client.query(
        `DELETE FROM samples WHERE (at, instance) IN (
           SELECT at, instance FROM samples WHERE at < now() - make_interval(hours => $1) ORDER BY at LIMIT $2)`,
        [hours, limit],
      ),
    );
    return rowCount ?? 0;
  }
}
