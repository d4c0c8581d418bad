/** How much room counters and keys take, in servers of their own that hold nothing else. */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { type Arena, inRedis } from './arena.js';
import { nameOf } from './load/workload.js';
import { post } from './seed.js';
import { inPostgres } from './postgres.js';

export interface Sizes {
  /** How many were made. */
  readonly counters: number;
  readonly keys: number;
  /** Bytes, indexes included. */
  readonly postgresPerCounter: number;
  readonly postgresPerKey: number;
  readonly redisPerCounter: number;
}

/** As many as the service takes in one request. */
const ITEMS = 1000;
const REQUESTS = 50;

/** Makes counters, reads them all, and increments them once more with keys. */
export async function measureSizes(arena: Arena): Promise<Sizes> {
  const { url, databaseUrl, redisUrl, stop } = await arena.separateService('sizes');
  try {
    return await inPostgres(databaseUrl, (postgres) => inRedis(redisUrl, (redis) => measureIn(url, postgres, redis)));
  } finally {
    await stop();
  }
}

async function measureIn(url: string, postgres: pg.Client, redis: Redis): Promise<Sizes> {
  const requests = Array.from({ length: REQUESTS }, (_, request) =>
    Array.from({ length: ITEMS }, (_item, index) => nameOf(request * ITEMS + index)),
  );
  for (const names of requests) await post(`${url}/v1/increments`, { increments: names.map((name) => ({ name })) });
  const counters = await relationOf(postgres, 'counters');

  const [bytesBefore, keysBefore] = [await usedBytes(redis), await redis.dbsize()];
  for (const names of requests) await post(`${url}/v1/reads`, { names });
  const [bytes, cached] = [(await usedBytes(redis)) - bytesBefore, (await redis.dbsize()) - keysBefore];

  for (const names of requests) {
    await post(`${url}/v1/increments`, { increments: names.map((name) => ({ name, idempotencyKey: randomUUID() })) });
  }
  const keys = await relationOf(postgres, 'idempotency_keys');
  return {
    counters: counters.rows,
    keys: keys.rows,
    postgresPerCounter: counters.bytes / counters.rows,
    postgresPerKey: keys.bytes / keys.rows,
    redisPerCounter: bytes / cached,
  };
}

async function relationOf(postgres: pg.Client, table: string): Promise<{ rows: number; bytes: number }> {
  const { rows } = await postgres.query<{ rows: number; bytes: number }>(
    `SELECT count(*)::int AS rows, pg_total_relation_size('${table}')::float AS bytes FROM ${table}`,
  );
  return rows[0] ?? { rows: NaN, bytes: NaN };
}

async function usedBytes(redis: Redis): Promise<number> {
  return Number(/^used_memory_dataset:(\d+)/m.exec(await redis.info('memory'))?.[1]);
}
