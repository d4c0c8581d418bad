/** Who takes part in a contest, and how each is put under load. */
import { clearInterval, setInterval } from 'node:timers';
import type { Redis } from 'ioredis';
import type { Runnable } from '../test/support/redis-programs.js';
import { type Arena, type Fsync, inRedis, type OpponentName, type Peculiarities, type Subject } from './arena.js';
import { type Generator, type LoadResult } from './load/generator.js';
import { itemsOf, nameOf, type Names, type Workload } from './load/workload.js';
import { loadOn, measure, type Measurement } from './measurement.js';
import { runPgbench } from './pgbench.js';
import { seedByBatches, seedOneByOne, seedRedis, seedRows } from './seed.js';

export interface Entrant {
  /** The same in every contest. */
  readonly key: string;
  readonly label: string;
  /** Whose throughput its share is of; absent: the first of its contest. */
  readonly base?: string;
  /** Increments in a request. */
  readonly items: number;
  /** Starts it and gives it the counters that are read; called once a contest. */
  prepare(): Promise<unknown>;
  run(connections: number, seconds: number): Promise<Measurement>;
}

/** What entrants share. */
export interface Field {
  readonly arena: Arena;
  readonly generator: Generator;
}

type Described = Pick<Entrant, 'key' | 'label' | 'base'>;

/** The first at once, so that what a flush costs falls into the turn whose flush it was. */
const FLUSH_INTERVAL_MS = 1_000;

/** Counters that were written before the flushes begin: as many as in the contests over many. */
const RECENT = 10_000;

/** The service. */
export function service(field: Field, workload: Workload, described: Described, instances = 1): Entrant {
  const start = () => field.arena.service(instances);
  return {
    ...described,
    items: itemsOf(workload),
    prepare: async () => {
      const { urls } = await start();
      if (isRead(workload)) await seedByBatches(urls[0] ?? '', namesOf(workload));
    },
    run: (connections, seconds) => loadSubject(field, start, workload, connections, seconds),
  };
}

/** The service with a database of its own, in which there are `rows` counters before anybody comes. */
export function serviceWithRows(field: Field, rows: number): Entrant {
  const start = async () => (await field.arena.separateService(`rows ${rows}`)).subject;
  const workload: Workload = { operation: 'increment', names: { kind: 'uniform', count: rows }, keyed: false };
  return {
    key: `service-${rows}-rows`,
    label: `evercount, ${rows.toLocaleString('en')} rows`,
    items: 1,
    prepare: async () => seedRows((await field.arena.separateService(`rows ${rows}`)).databaseUrl, rows),
    run: (connections, seconds) => loadSubject(field, start, workload, connections, seconds),
  };
}

/** The service as the image starts it, or with a young generation as small as it is without that option. */
export function serviceWithNursery(field: Field, workload: Workload, described: Described, large: boolean): Entrant {
  return large
    ? serviceWith(field, workload, described, 'large nursery', {})
    : serviceWith(field, workload, described, 'small nursery', { nodeOptions: ['--max-semi-space-size=16'] });
}

/** @param name of the service that is set apart, which workloads share */
export function serviceWith(
  field: Field,
  workload: Workload,
  described: Described,
  name: string,
  peculiarities: Peculiarities,
): Entrant {
  const start = () => field.arena.separateService(name, peculiarities);
  const subject = async () => (await start()).subject;
  return {
    ...described,
    items: itemsOf(workload),
    prepare: async () => seedByBatches((await start()).url, namesOf(workload)),
    run: (connections, seconds) => loadSubject(field, subject, workload, connections, seconds),
  };
}

/**
 * The service with servers of its own, of which Redis is flushed at the beginning of each second, or not. It has seen
 * writes to `RECENT` counters, which it fills in again after each flush.
 */
export function serviceApart(field: Field, workload: Workload, described: Described, flushed: boolean): Entrant {
  const start = () => field.arena.separateService(flushed ? 'flushed' : 'undisturbed');
  const subject = async () => (await start()).subject;
  return {
    ...described,
    items: itemsOf(workload),
    prepare: async () => {
      const { url } = await start();
      const recent: Names = { kind: 'uniform', count: RECENT };
      await seedByBatches(url, namesOf({ ...workload, names: recent }));
    },
    run: async (connections, seconds) => {
      const { redisUrl } = await start();
      const load = () => loadSubject(field, subject, workload, connections, seconds);
      return flushed ? inRedis(redisUrl, (redis) => whileFlushing(redis, load)) : load();
    },
  };
}

const OPPONENTS: Readonly<Record<Exclude<OpponentName, 'constant-resp'>, string>> = {
  'upsert-and-set': '(a) one upsert and one SET each',
  'typeorm-repository': '(b) NestJS, TypeORM repository',
  'redis-get': '(c) bare Fastify, one Redis GET',
  constant: '(d) bare Fastify, constant answer',
};

export function opponent(field: Field, name: keyof typeof OPPONENTS, workload: Workload): Entrant {
  const start = () => field.arena.opponent(name);
  return {
    key: name,
    label: OPPONENTS[name],
    items: 1,
    prepare: async () => {
      const { urls } = await start();
      if (!isRead(workload) || name === 'constant') return;
      if (name === 'redis-get') await seedRedis((await field.arena.opponentsRedis()).url, namesOf(workload));
      else await seedOneByOne(urls[0] ?? '', namesOf(workload));
    },
    run: (connections, seconds) => loadSubject(field, start, workload, connections, seconds),
  };
}

export function redisIncr(field: Field, fsync: Fsync, workload: Workload): Entrant {
  const start = () => field.arena.redisIncr(fsync);
  return {
    key: `redis-incr-${fsync}`,
    label: `(f) Redis INCR, appendfsync ${fsync}`,
    items: 1,
    prepare: start,
    run: (connections, seconds) => loadSubject(field, start, workload, connections, seconds),
  };
}

/** @param workload increments or reads of one counter, or of some */
export function webdis(field: Field, program: Runnable, workload: Workload): Entrant {
  const start = async () => (await field.arena.webdis(program)).subject;
  const operation = isRead(workload) ? 'webdis-read' : 'webdis-increment';
  return {
    key: 'webdis',
    label: '(g) Webdis, appendfsync always',
    items: 1,
    prepare: async () => {
      const { redisUrl } = await field.arena.webdis(program);
      // What it reads is what it counts.
      if (isRead(workload)) await seedRedis(redisUrl, namesOf(workload), () => '1');
    },
    run: (connections, seconds) => loadSubject(field, start, { ...workload, operation }, connections, seconds),
  };
}

/** @param sessions connections to Postgres; null: as many as there are clients */
export function pgbench(
  { arena }: Field,
  path: string,
  { names }: Workload,
  described: Described,
  sessions: number | null,
): Entrant {
  return {
    ...described,
    items: 1,
    prepare: () => arena.opponentsDatabase(),
    run: async (connections, seconds) => {
      const url = await arena.opponentsDatabase();
      const postgresPid = (await arena.postgres()).pid();
      const load = () => runPgbench(path, url, names, sessions ?? connections, seconds);
      return measure({ subject: null, postgresPid }, load);
    },
  };
}

/** Puts load on a program, and asks the system what it cost. */
export async function loadSubject(
  { arena, generator }: Field,
  start: () => Promise<Subject>,
  workload: Workload,
  connections: number,
  seconds: number,
): Promise<Measurement> {
  const subject = await start();
  const postgresPid = (await arena.postgres()).pid();
  const load = (): Promise<LoadResult> => loadOn(generator, subject.urls, workload, connections, seconds);
  return measure({ subject, postgresPid }, load);
}

async function whileFlushing<T>(redis: Redis, work: () => Promise<T>): Promise<T> {
  const flushes: Promise<unknown>[] = [redis.flushall()];
  const timer = setInterval(() => flushes.push(redis.flushall()), FLUSH_INTERVAL_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await Promise.all(flushes);
  }
}

const isRead = ({ operation }: Workload): boolean => operation === 'read' || operation === 'mixed';

function namesOf({ names }: Workload): string[] {
  return Array.from({ length: names.kind === 'hot' ? 1 : names.count }, (_, index) => nameOf(index));
}
