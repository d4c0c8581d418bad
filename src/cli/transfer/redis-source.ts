import type { Redis } from 'ioredis';
import { faultOfName } from '../../domain/operands.js';
import type { ImportedCounter } from '../../counters/imports/import-rule.js';

/** Keys in one step; a SCAN and an MGET of so many take about a millisecond of Redis each. */
const STEP = 1_000;

const INTEGER = /^-?\d{1,16}$/;

/** A key that is no counter here; the reason is for the operator. */
export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

export interface RedisStep {
  readonly counters: readonly ImportedCounter[];
  readonly skipped: readonly Skipped[];
}

/**
 * The plain integers of a Redis, as INCR leaves them: each key once, as it is when it is read.
 *
 * @param match a pattern of `SCAN`
 */
export async function* countersOfRedis(client: Redis, match: string): AsyncGenerator<RedisStep> {
  // SCAN may bring a key twice, and the second time it may have been counted on.
  const seen = new Set<string>();
  let cursor = '0';
  do {
    const [next, found] = await client.scan(cursor, 'MATCH', match, 'COUNT', STEP);
    cursor = next;
    const names = [...new Set(found)].filter((name) => !seen.has(name));
    for (const name of names) seen.add(name);
    if (names.length > 0) yield stepOf(names, await client.mget(names), await expiriesOf(client, names));
  } while (cursor !== '0');
}

/** The last moment that RFC 3339 can write. */
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** Of keys instead of an end, as Redis answers: it has none, or the key is not there any more. */
const [ENDLESS, GONE] = [-1, -2];

/** When keys end, ms since 1970, ENDLESS or GONE. To the millisecond, so that what is imported again is the same. */
async function expiriesOf(client: Redis, names: readonly string[]): Promise<number[]> {
  const ask = async (command: string): Promise<[error: Error | null, ms: unknown][]> =>
    (await client.pipeline(names.map((name) => [command, name])).exec()) ?? [];
  const found = await ask('pexpiretime');
  if (found.every(([error]) => error === null)) return found.map(([, ms]) => Number(ms));
  // Before Redis 7 it only tells what is left.
  const [seconds, microseconds] = await client.time();
  const nowMs = Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
  return (await ask('pttl')).map(([, ms]) => (Number(ms) < 0 ? Number(ms) : nowMs + Number(ms)));
}

function stepOf(names: readonly string[], values: readonly (string | null)[], ends: readonly number[]): RedisStep {
  const counters: ImportedCounter[] = [];
  const skipped: Skipped[] = [];
  names.forEach((name, index) => {
    const text = values[index] ?? null;
    const endMs = ends[index] ?? GONE;
    const reason = faultOf(name, text, endMs);
    if (reason !== null) skipped.push({ name, reason });
    else counters.push(counterOf(name, Number(text), endMs));
  });
  return { counters, skipped };
}

function counterOf(name: string, value: number, endMs: number): ImportedCounter {
  // There is a -0, and no counter holds it.
  return {
    name,
    value: value || 0,
    version: null,
    min: null,
    max: null,
    expiresAt: endMs === ENDLESS ? null : new Date(endMs).toISOString(),
    createdAt: null,
    updatedAt: null,
  };
}

function faultOf(name: string, text: string | null, endMs: number): string | null {
  // What is no UTF-8 was read as this character; under it the counter would have another name.
  if (name.includes('\ufffd')) return 'the name is not valid UTF-8';
  const fault = faultOfName(name);
  if (fault !== null) return `the name ${fault}`;
  if (text === null || endMs === GONE) return 'it is no string, or gone';
  if (!INTEGER.test(text) || !Number.isSafeInteger(Number(text))) return 'the value is no integer in range';
  return endMs > LAST_MS ? 'it ends after the year 9999' : null;
}
