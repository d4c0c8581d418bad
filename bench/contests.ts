/** What is compared with what. */
import type { Runnable } from '../test/support/redis-programs.js';
import { BUN_IS_THERE } from '../test/support/runtime.js';
import type { Arena } from './arena.js';
import type { Contest } from './contest.js';
import {
  type Entrant,
  type Field,
  opponent,
  pgbench,
  redisIncr,
  service,
  serviceApart,
  serviceWith,
  serviceWithRows,
  webdis,
} from './entrants.js';
import { DERIVED_EVERY_SECONDS, serviceWithHistory } from './history.js';
import { BATCH_ITEMS, type Names, type Workload } from './load/workload.js';
import { pooled } from './pooled.js';
import { inPostgres } from './postgres.js';
import { respContests } from './resp.js';
import { variants } from './variants.js';
import { LOOKED_EVERY_SECONDS, serviceWithWatches } from './watched.js';
import { HOT, keyed, MANY, of, SKEWED } from './workloads.js';

/** What a slow disk adds to each flush of Postgres' log, in microseconds. */
const COMMIT_DELAY_US = 2_000;

const SERVICE = { key: 'service', label: 'evercount' };
const KEYED = { key: 'service-keyed', label: 'evercount, a key each' };
const BATCHED = { key: 'service-batched', label: `evercount, ${BATCH_ITEMS} in a request` };
const ON_BUN = { key: 'service-bun', label: 'evercount on Bun' };
const FLUSHED = { key: 'service-flushed', label: 'evercount, Redis flushed every second' };

/** Rows in the table; ten million by `--rows`, since they take a while and some gigabytes. */
const ROWS = [1_000, 100_000] as const;

/** Programs that may be missing; null: they are, and their opponents take no part. */
export interface Programs {
  /** Opponent (e). */
  readonly pgbenchPath: string | null;
  /** Opponent (g). */
  readonly webdisProgram: Runnable | null;
}

/** @param moreRows another size of the table; null: none */
export function contests(field: Field, { pgbenchPath, webdisProgram }: Programs, moreRows: number | null): Contest[] {
  const hot = of('increment', HOT);
  const many = of('increment', MANY);
  const skewed = of('increment', SKEWED);
  const windows = of('window', MANY);
  const naive = (workload: Workload) => opponent(field, 'upsert-and-set', workload);
  const tutorial = (workload: Workload) => opponent(field, 'typeorm-repository', workload);
  const ours = (workload: Workload) => service(field, workload, SERVICE);
  const oursKeyed = (workload: Workload) => service(field, keyed(workload), KEYED);
  const onBun = (workload: Workload) =>
    BUN_IS_THERE ? [serviceWith(field, workload, ON_BUN, 'bun', { runtime: 'bun' })] : [];
  const bench = (workload: Workload) => (pgbenchPath === null ? [] : benches(field, pgbenchPath, workload));
  const behindWebdis = (workload: Workload) => (webdisProgram === null ? [] : [webdis(field, webdisProgram, workload)]);
  const cachedReads = (names: Names) => [
    ours(of('read', names)),
    opponent(field, 'redis-get', of('read', names)),
    serviceApart(field, of('read', names), FLUSHED, true),
  ];
  const historyCost = (workload: Workload) => [true, false].map((keeps) => serviceWithHistory(field, workload, keeps));
  const onHistory = { judged: false, side: true, long: true, leastSeconds: DERIVED_EVERY_SECONDS };
  const onSlowDisk = {
    judged: false,
    side: true,
    setUp: () => delayCommits(field.arena, COMMIT_DELAY_US),
    tearDown: () => delayCommits(field.arena, 0),
  };
  return [
    {
      key: 'hot',
      title: 'Increments of one hot counter',
      about: 'Every request increments the same counter.',
      judged: true,
      entrants: [
        ours(hot),
        naive(hot),
        redisIncr(field, 'always', hot),
        redisIncr(field, 'everysec', hot),
        ...behindWebdis(hot),
        oursKeyed(hot),
        tutorial(hot),
        ...bench(hot),
        opponent(field, 'constant', hot),
        ...onBun(hot),
      ],
    },
    {
      key: 'many',
      title: 'Increments of 10,000 counters',
      about: 'Each request increments one of 10,000 counters, at random.',
      judged: true,
      entrants: [ours(many), naive(many), oursKeyed(many), tutorial(many), redisIncr(field, 'always', many)].concat(
        bench(many),
      ),
    },
    {
      key: 'zipf',
      title: 'Increments of a million counters, a few of them hot',
      about: "Zipf's law with an exponent of 0.99; counters are created as they are met.",
      judged: false,
      entrants: [ours(skewed), naive(skewed), oursKeyed(skewed), redisIncr(field, 'always', skewed)],
    },
    {
      key: 'batch-hot',
      title: 'Increments of one counter in batches of 100',
      about: 'One request holds 100 increments; counted are increments, not requests.',
      judged: true,
      mostConnections: 64,
      entrants: [service(field, of('batch', HOT), BATCHED), ours(hot)],
    },
    {
      key: 'batch',
      title: 'Increments of 10,000 counters in batches of 100',
      about:
        'One request holds 100 increments of 10,000 counters at random; counted are increments, not requests. Not with 256 ' +
        'clients: they would bring more at once than MAX_QUEUED_WRITES, and the rest would be refused.',
      judged: true,
      mostConnections: 64,
      entrants: [service(field, of('batch', MANY), BATCHED), ours(many)],
    },
    {
      key: 'window',
      title: 'Windows of a rate limit, 10,000 of them',
      about:
        'Each request counts within the present minute of one of 10,000 callers, at random: `{"ttlMs": 60000, "expiry": ' +
        '"ifNone"}`. Redis does it by `INCR` and `PEXPIRE … NX`.',
      judged: false,
      entrants: [
        ours(windows),
        redisIncr(field, 'always', windows),
        redisIncr(field, 'everysec', windows),
        service(field, many, { key: 'service-plain', label: 'evercount, without an expiry' }),
      ],
    },
    ...respContests(field),
    {
      key: 'mixed',
      title: 'Nine reads to one increment',
      about: 'Over 10,000 counters at random.',
      judged: false,
      entrants: [of('mixed', MANY)].flatMap((mixed) => [ours(mixed), naive(mixed), tutorial(mixed)]),
    },
    {
      key: 'read',
      title: 'Cached reads of one counter',
      about:
        'With and without FLUSHALL every second, after writes to 10,000 counters, which the service fills in again each time.',
      judged: true,
      entrants: [
        ...cachedReads(HOT),
        ...behindWebdis(of('read', HOT)),
        opponent(field, 'constant', of('read', HOT)),
        ...onBun(of('read', HOT)),
      ],
    },
    {
      key: 'read-many',
      title: 'Cached reads of 10,000 counters',
      about:
        'At random; after each FLUSHALL what is missed comes back by its readers, and what was read lately ahead of them.',
      judged: true,
      entrants: cachedReads(MANY),
    },
    {
      ...onSlowDisk,
      key: 'slow-hot',
      title: 'One hot counter, where a commit costs 2 ms more',
      about: `Simulated by commit_delay = ${COMMIT_DELAY_US} µs with commit_siblings = 0: every flush of the log waits.`,
      entrants: [ours(hot), naive(hot), oursKeyed(hot), tutorial(hot), ...bench(hot)],
    },
    {
      ...onSlowDisk,
      key: 'slow-many',
      title: '10,000 counters, where a commit costs 2 ms more',
      about: `Simulated as above.`,
      entrants: [ours(many), naive(many), oursKeyed(many), tutorial(many), ...bench(many)],
    },
    ...variants(field),
    {
      key: 'pooler',
      title: 'Behind a pooler that gives sessions away',
      about:
        'PgBouncer in transaction mode, with DATABASE_POOLER=transaction: statements are parsed and planned each time. ' +
        'Shares are of the row above.',
      judged: false,
      side: true,
      entrants: pooled(field),
    },
    {
      key: 'rows',
      title: 'Increments of a table that grows',
      about: 'Each request increments one of all rows, at random.',
      judged: false,
      side: true,
      entrants: [...ROWS, ...(moreRows === null ? [] : [moreRows])].map((rows) => serviceWithRows(field, rows)),
    },
    {
      ...onHistory,
      key: 'history-hot',
      title: 'One hot counter, with and without history',
      about:
        'Without: the index that history needs is dropped, and no job derives it. With: as much is derived as is written.',
      entrants: historyCost(hot),
    },
    {
      ...onHistory,
      key: 'history-many',
      title: '10,000 counters, with and without history',
      about: 'As above.',
      entrants: historyCost(many),
    },
    {
      key: 'watched',
      title: '10,000 counters, with a watch on each and without',
      about: 'None of them ever fires. A turn begins with as much load that is not measured as lies between two looks.',
      judged: false,
      side: true,
      long: true,
      leastSeconds: LOOKED_EVERY_SECONDS,
      entrants: [true, false].map((watched) => serviceWithWatches(field, many, watched)),
    },
  ];
}

function benches(field: Field, path: string, workload: Workload): Entrant[] {
  const few = { key: 'pgbench', label: '(e) pgbench, 10 connections' };
  const each = { key: 'pgbench-each', label: '(e) pgbench, a connection each' };
  // As many as the service and its opponents have; or one for each client, which groups more commits.
  return [pgbench(field, path, workload, few, 10), pgbench(field, path, workload, each, null)];
}

async function delayCommits(arena: Arena, microseconds: number): Promise<void> {
  await inPostgres((await arena.postgres()).url, async (client) => {
    await client.query(`ALTER SYSTEM SET commit_delay = ${microseconds}`);
    await client.query('ALTER SYSTEM SET commit_siblings = 0');
    await client.query('SELECT pg_reload_conf()');
  });
}
