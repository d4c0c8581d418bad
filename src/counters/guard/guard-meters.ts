import { Injectable } from '@nestjs/common';
import { Realm } from '../../cache/realm.js';
import { Meters, readingsOf } from '../../meters/meters.js';
import { CacheGuard } from './cache-guard.js';
import { GUARD_STANDINGS } from './standing.js';

/** Says whether entries may be served, of which servers, and since when not. */
@Injectable()
export class GuardMeters {
  constructor(meters: Meters, guard: CacheGuard, realm: Realm) {
    meters.add(
      {
        kind: 'gauge',
        name: 'evercount_cache_permission',
        together: 'least',
        help: 'Whether this instance may serve entries right now',
        read: () => (guard.isServing ? 1 : 0),
      },
      {
        kind: 'gauge',
        name: 'evercount_guard_state',
        together: 'committer',
        help: '1 for how entries are served by this instance right now, 0 for the other ways',
        read: () => {
          const present = guard.standing();
          return GUARD_STANDINGS.map((state) => ({ labels: { state }, value: state === present ? 1 : 0 }));
        },
      },
      {
        kind: 'counter',
        name: 'evercount_cache_blind_seconds_total',
        help: 'Seconds in which this instance was not permitted to serve entries',
        read: () => guard.blindMs / 1_000,
      },
      {
        kind: 'gauge',
        name: 'evercount_guard_epoch',
        together: 'most',
        help: 'The epoch of the guard: rises with each blind period and each Redis that is named',
        // As digits, exact up to 2^53 epochs.
        read: () => (guard.epoch === null ? [] : [{ labels: {}, value: Number(guard.epoch) }]),
      },
      {
        kind: 'gauge',
        name: 'evercount_postgres_up',
        together: 'least',
        help: 'Whether Postgres answers this instance',
        read: () => (guard.health().postgres === 'up' ? 1 : 0),
      },
      {
        kind: 'gauge',
        name: 'evercount_redis_up',
        together: 'least',
        help: 'Whether entries can be served from Redis by this instance',
        read: () => (guard.health().redis === 'up' ? 1 : 0),
      },
      {
        kind: 'gauge',
        name: 'evercount_redis_primary',
        together: 'least',
        help: 'Whether the server of Redis that this instance asks answers, and calls itself a primary',
        read: () =>
          realm.views.map(({ address, role }) => ({ labels: { address }, value: role === 'primary' ? 1 : 0 })),
      },
      {
        kind: 'gauge',
        name: 'evercount_cache_units',
        together: 'committer',
        help: 'Parts of the cache that are served, or not, each by itself, by how: 256 of a cluster, else 1',
        read: () => readingsOf('state', guard.unitsStanding()),
      },
      {
        kind: 'gauge',
        name: 'evercount_redis_server_units',
        together: 'committer',
        help: 'Parts of the cache that have keys on a server of Redis',
        read: () => realm.views.map(({ address, units }) => ({ labels: { address }, value: units })),
      },
      {
        kind: 'counter',
        name: 'evercount_cache_moves_total',
        help: 'How often a part of the cache was found on another server than before, or on one with other data',
        read: () => guard.moves,
      },
    );
  }
}
