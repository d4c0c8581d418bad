/** What attackers must not achieve, and whether they did. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ATTACKERS } from './attackers.js';
import { type Measured, quantile } from './normal-client.js';
import { type Held, NAMES_PER_KEY, REDIS_BYTES, type Siege } from './siege.js';

/** What nobody waits for: below it, a p99 of some hundred requests is the disk, and whoever else uses the machine. */
const UNNOTICED_MS = 50;

/** One attacker more than doubles nobody else's p99. All at once want all there is: then who is no attacker is answered. */
const TIMES = 2;

/** A revoked key must be refused by then. */
const REVOKED_WITHIN_MS = 5_000;

/** After it, long enough for what is refused not to be a pause. */
const WATCHED_MS = 3_000;

/** Of the service's own memory: its queues are bounded, and the nursery is filled now and then. */
const MORE_MEMORY_BYTES = 512 * 2 ** 20;

/** A name with its rows in the history and their indexes, and a change with its key and its row of a batch. */
const BYTES_PER_NAME = 4_096;
const BYTES_PER_CHANGE = 1_024;

/** Whatever is done: catalogs, jobs. */
const OTHER_BYTES = 64 * 2 ** 20;

const MEGABYTE = 2 ** 20;

export interface Judgement {
  /** For people. */
  readonly line: string;
  readonly isSlow: boolean;
  /** What must not be even once. */
  readonly faults: readonly string[];
}

/** Measures the client alone, and then while it is attacked. */
export async function judge(
  siege: Siege,
  names: readonly string[],
  lastsMs: number,
  aloneMs = lastsMs,
): Promise<Judgement> {
  const alone = await siege.client.measure(aloneMs);
  await siege.attack(...names);
  const attacked = await siege.client.measure(lastsMs);
  const tally = await siege.relieve();
  const [before, meanwhile] = [p99Of(alone), p99Of(attacked)];
  const what = names.length === 1 ? names[0] : 'all together';
  const line = `${what}: p99 ${meanwhile.toFixed(0)} ms, alone ${before.toFixed(0)} ms; answered ${JSON.stringify(tally)}`;
  const refused = [...alone.refused, ...attacked.refused].slice(0, 3);
  return {
    line,
    isSlow: names.length === 1 && meanwhile > TIMES * Math.max(before, UNNOTICED_MS),
    faults: refused.map((answer) => `${what}: the client was answered ${answer}`),
  };
}

/** Each attacker by itself. */
export const ONE_BY_ONE: readonly (readonly string[])[] = Object.keys(ATTACKERS).map((name) => [name]);

export const ALL_TOGETHER: readonly string[] = Object.keys(ATTACKERS);

/** Revokes the keys of attackers that go on, and looks for what they change later than they may. */
export async function judgeRevocation(siege: Siege): Promise<readonly string[]> {
  await siege.attack('a write key that makes names');
  await siege.client.measure(WATCHED_MS);
  await siege.revokeKeys();
  await sleep(REVOKED_WITHIN_MS);
  const before = await siege.held();
  await siege.client.measure(WATCHED_MS);
  const after = await siege.held();
  await siege.relieve();
  return after.changes > before.changes ? [`a revoked key made ${after.changes - before.changes} changes`] : [];
}

/** Whether service and servers hold more than was granted. */
export function judgeHeld(before: Held, after: Held): readonly string[] {
  const faults: string[] = [];
  const bound = (what: string, amount: number, limit: number): void => {
    if (amount > limit) faults.push(`${what}: ${amount}, of ${limit} at most`);
  };
  bound('names of the attackers', after.names, NAMES_PER_KEY);
  bound('bytes of memory more', after.memoryBytes - before.memoryBytes, MORE_MEMORY_BYTES);
  bound('bytes in Redis', after.redisBytes, REDIS_BYTES);
  const granted = after.names * BYTES_PER_NAME + after.allChanges * BYTES_PER_CHANGE + OTHER_BYTES;
  bound('bytes of the database more', after.databaseBytes - before.databaseBytes, granted);
  return faults;
}

/** In one line. */
export function heldText({ memoryBytes, redisBytes, databaseBytes, names, changes }: Held): string {
  const [memory, redis, database] = [memoryBytes, redisBytes, databaseBytes].map((bytes) =>
    (bytes / MEGABYTE).toFixed(0),
  );
  return `memory ${memory} MB, Redis ${redis} MB, database ${database} MB; ${names} names, ${changes} changes by attackers`;
}

function p99Of({ tookMs }: Measured): number {
  return quantile(tookMs, 0.99);
}
