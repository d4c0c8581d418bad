/** What can happen to a Redis that fails over by itself: under Sentinel, or a cluster. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CLUSTER_SLOTS, type Takeover, type TestCluster } from '../support/cluster.js';
import type { TestSentinel } from '../support/sentinel.js';
import type { TestRedis } from '../support/servers.js';
import { done, type Draw, type Fault, seconds } from './fault.js';
import { untilWhole } from './ground.js';

/** A move that is cancelled within a second of the slot's opening is out of what is promised. */
const SHORTEST_MOVE_MS = 1_100;

function underSentinel(detail: string, strike: (sentinel: TestSentinel) => Promise<void>): Fault {
  return {
    target: 'redis',
    detail,
    strike: done(async ({ ground }) => {
      if (ground.kind !== 'sentinel') throw new Error('this Redis is not under Sentinel');
      await strike(ground.sentinel);
      await untilWhole(ground);
    }),
  };
}

function onCluster(detail: string, strike: (cluster: TestCluster) => Promise<void>): Fault {
  return {
    target: 'redis',
    detail,
    strike: done(async ({ ground }) => {
      if (ground.kind !== 'cluster') throw new Error('this Redis is no cluster');
      await strike(ground.cluster);
      await untilWhole(ground);
    }),
  };
}

/** Whoever the primary is then: gone until another one has taken over, and back as what it was. */
export const SENTINEL_FAULTS = {
  'primary Redis killed': () =>
    underSentinel('back once another one is the primary', async (sentinel) => {
      const { primary } = await sentinel.roles();
      await primary.kill();
      await sentinel.untilLeft(primary);
      await primary.restart();
    }),
  'primary Redis frozen until replaced': (random) => {
    const lateMs = random.whole(0, 2_000);
    return underSentinel(`awake ${seconds(lateMs)} after another one took over`, async (sentinel) => {
      const { primary } = await sentinel.roles();
      await primary.freeze();
      await sentinel.untilLeft(primary);
      await sleep(lateMs);
      await primary.thaw();
    });
  },
  'SENTINEL FAILOVER': () => underSentinel('in order', (sentinel) => sentinel.failover()),
  'replica Redis killed': () =>
    underSentinel('and started again', async (sentinel) => {
      const { replica } = await sentinel.roles();
      await replica.kill();
      await replica.restart();
    }),
} as const satisfies Record<string, Draw>;

const takeover =
  (how: Takeover): Draw =>
  (random) => {
    const slot = random.whole(0, CLUSTER_SLOTS);
    return onCluster(`of slot ${slot}`, (cluster) => cluster.failover(slot, how));
  };

async function another(cluster: TestCluster, slot: number): Promise<TestRedis> {
  const own = await cluster.primaryOf(slot);
  for (let other = 0; other < CLUSTER_SLOTS; other += CLUSTER_SLOTS / 64) {
    const found = await cluster.primaryOf(other);
    if (found !== own) return found;
  }
  throw new Error('one server has all slots');
}

export const CLUSTER_FAULTS = {
  'shard killed': (random) => {
    const slot = random.whole(0, CLUSTER_SLOTS);
    return onCluster(`that has slot ${slot}, back once its replica has taken over`, async (cluster) => {
      const primary = await cluster.primaryOf(slot);
      await primary.kill();
      await cluster.untilLeft(primary, slot);
      await primary.restart();
    });
  },
  'shard frozen until replaced': (random) => {
    const [slot, lateMs] = [random.whole(0, CLUSTER_SLOTS), random.whole(0, 2_000)];
    return onCluster(`that has slot ${slot}, awake ${seconds(lateMs)} after its replica took over`, async (cluster) => {
      const primary = await cluster.primaryOf(slot);
      await primary.freeze();
      await cluster.untilLeft(primary, slot);
      await sleep(lateMs);
      await primary.thaw();
    });
  },
  'CLUSTER FAILOVER': takeover('agreed'),
  'CLUSTER FAILOVER FORCE': takeover('FORCE'),
  'CLUSTER FAILOVER TAKEOVER': takeover('TAKEOVER'),
  'slots moved': (random) => {
    const [slot, count] = [random.whole(0, CLUSTER_SLOTS - 4), random.whole(1, 5)];
    return onCluster(`${count} from ${slot} on, and back`, async (cluster) => {
      const own = await cluster.primaryOf(slot);
      const other = await another(cluster, slot);
      for (const to of [other, own]) {
        for (let moved = slot; moved < slot + count; moved += 1) await cluster.moveSlot(moved, to);
      }
    });
  },
  'slot move cancelled': (random) => {
    const [slot, lastsMs] = [random.whole(0, CLUSTER_SLOTS), random.whole(SHORTEST_MOVE_MS, 3 * SHORTEST_MOVE_MS)];
    return onCluster(`of slot ${slot}, open for ${seconds(lastsMs)}`, async (cluster) => {
      const own = await cluster.primaryOf(slot);
      const other = await another(cluster, slot);
      await cluster.openSlot(slot, other);
      await cluster.moveKeys(slot, own, other);
      await sleep(lastsMs);
      await cluster.cancelMove(slot, own, other);
    });
  },
} as const satisfies Record<string, Draw>;
