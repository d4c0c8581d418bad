import { CounterCache } from '../cache/counter-cache.js';
import { KEY_PREFIX } from '../cache/entry.js';
import { identityOf } from '../cache/identity.js';
import type { Realm } from '../cache/realm.js';
import type { Sighting } from '../cache/sighting.js';
import type { Config } from '../config/config.js';
import type { Permit } from '../counters/guard/cache-guard.js';
import { verifyEntries, type VerifyReport } from '../counters/upkeep/verification.js';
import { withClient } from '../store/clients.js';
import { divisionOf } from '../store/division.js';
import { ExpiredCounters } from '../store/expired-counters.js';
import { Writability } from '../store/writability.js';
import { CounterReader } from '../store/counter-reader.js';
import { GuardRow, type GuardState, type UnitsState } from '../store/guard-row.js';
import type { UnitState } from '../store/guard-state.js';
import { ReadBudget } from '../store/read-budget.js';
import { Replication } from '../store/replication.js';
import { patientPool, serverFault } from './deployment.js';
import { CommandFailed, EXIT } from './exit-codes.js';
import { openRealm } from './redis-session.js';
import type { Session } from './session.js';

/**
 * Compares the cache of the configuration with its truth, once.
 *
 * @param fix whether to remove what drifts
 * @throws CommandFailed, CacheUnavailable, StoreFailure
 */
export async function verify({ terminal }: Session, { database, cache }: Config, fix: boolean): Promise<VerifyReport> {
  const pool = patientPool(database, 1);
  try {
    const row = new GuardRow(pool);
    const isCluster = cache.servers.cluster !== null;
    const state = await (isCluster ? row.readUnits() : row.read()).catch((error: unknown) => {
      throw serverFault('Postgres', error);
    });
    const buckets = await withClient(pool, (client) => divisionOf(client, database.buckets));
    const realm = await openRealm(cache.servers);
    const copy = new CounterCache(realm, cache);
    const progress = terminal.progress('comparing');
    try {
      const permit = permitOf(realm, state, await realm.look());
      if (permit === null) throw otherRedis(state.redis === null);
      const counts = await Promise.all(copy.lines().map((line) => copy.keyCount(line)));
      const total = counts.reduce((sum, count) => sum + count, 0);
      const replication = new Replication(pool);
      const expired = new ExpiredCounters(pool, replication, new Writability(pool), buckets);
      const reader = new CounterReader(pool, 1, replication, expired, new ReadBudget(Infinity), buckets);
      const tell = (compared: number): void => progress.update(compared, total);
      return await verifyEntries(copy, reader, permit, { fix, progress: tell });
    } finally {
      progress.stop();
      realm.close();
    }
  } finally {
    await pool.end();
  }
}

/** Entries of what the guard names; null where nothing at hand is named: comparing what is foreign would prove nothing. */
function permitOf(
  realm: Realm,
  state: GuardState | UnitsState,
  sightings: readonly (Sighting | null)[],
): Permit | null {
  const rows: readonly UnitState[] = 'units' in state ? state.units : [state];
  const wholeEpoch = 'units' in state ? `${state.epoch}.` : '';
  const identities = sightings.map((sighting, unit) => {
    const row = rows[unit];
    if (sighting === null || row?.redis !== sighting.place) return null;
    return sighting.posts.map(({ server, line }) => identityOf(server, line, wholeEpoch + row.epoch, state.database));
  });
  if (identities.every((one) => one === null)) return null;
  return (name) => {
    const unit = realm.unitOf(name);
    return identities[unit]?.[sightings[unit]?.postOf(KEY_PREFIX + name) ?? 0] ?? null;
  };
}

function otherRedis(none: boolean): CommandFailed {
  return none
    ? new CommandFailed(EXIT.unavailable, 'no service has used a cache with this database yet', 'start the service')
    : new CommandFailed(
        EXIT.unavailable,
        'the service reads another Redis than this one, or none since this one was started',
        'give REDIS_URL as the service has it; if it is the same, start the service',
      );
}
