import { CounterCache } from '../cache/counter-cache.js';
import { identityOf } from '../cache/identity.js';
import type { Config } from '../config/config.js';
import { audit, type AuditReport } from '../counters/upkeep/audit.js';
import { ExpiredCounters } from '../store/expired-counters.js';
import { Writability } from '../store/writability.js';
import { CounterReader } from '../store/counter-reader.js';
import { GuardRow } from '../store/guard-row.js';
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
export async function verify({ terminal }: Session, { database, cache }: Config, fix: boolean): Promise<AuditReport> {
  const pool = patientPool(database, 1);
  try {
    const state = await new GuardRow(pool).read().catch((error: unknown) => {
      throw serverFault('Postgres', error);
    });
    const realm = await openRealm(cache.servers);
    const copy = new CounterCache(realm, cache);
    const progress = terminal.progress('comparing');
    try {
      const [{ server }, total] = await Promise.all([realm.sight(), copy.keyCount()]);
      // Its entries are foreign to every instance; comparing them would prove nothing.
      if (state.redis !== server) throw otherRedis(state.redis === null);
      const identity = identityOf(server, state.epoch, state.database);
      const replication = new Replication(pool);
      const expired = new ExpiredCounters(pool, replication, new Writability(pool));
      const reader = new CounterReader(pool, 1, replication, expired, new ReadBudget(Infinity));
      return await audit(copy, reader, identity, { fix, progress: (compared) => progress.update(compared, total) });
    } finally {
      progress.stop();
      realm.close();
    }
  } finally {
    await pool.end();
  }
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
