/** What can happen to a Postgres that fails over by itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCK_TTL_S, type PatroniCluster } from '../support/patroni.js';
import type { Deployment } from './deployment.js';
import { type Draw, type Fault, seconds } from './fault.js';

/** One that hangs has lost its lock by then, and another one has taken over. */
const REPLACED_MS = (LOCK_TTL_S + 10) * 1_000;

function struck(detail: string, strike: (cluster: PatroniCluster) => Promise<void>): Fault {
  return {
    target: 'cluster',
    detail,
    strike: async ({ cluster }: Deployment) => {
      if (cluster === null) throw new Error('this Postgres has nobody to fail over to');
      await strike(cluster);
      // The next blow must find a standby that has everything.
      await cluster.untilWhole();
      return null;
    },
  };
}

/** Who is struck is known only then: the one that is the primary, or the standby, at that moment. */
export const FAILOVER_FAULTS = {
  switchover: () => struck('in order, to the synchronous standby', (cluster) => cluster.switchover()),
  'primary Postgres killed': () =>
    struck('Patroni lives', async (cluster) => {
      const primary = await cluster.node('leader');
      await primary.killPostgres();
      await cluster.untilWritable();
    }),
  'primary node killed': () =>
    struck('Patroni and Postgres, back once another one leads', async (cluster) => {
      const primary = await cluster.node('leader');
      await primary.kill();
      await cluster.untilAnotherLeads(primary);
      await primary.start();
    }),
  'standby node killed': (random) => {
    const downMs = random.whole(500, 5_000);
    return struck(`the synchronous one, down for ${seconds(downMs)}`, async (cluster) => {
      const standby = await cluster.node('sync_standby');
      await standby.kill();
      await sleep(downMs);
      await standby.start();
    });
  },
  'primary node frozen': (random) => {
    const lastsMs = REPLACED_MS + random.whole(0, 5_000);
    return struck(`${seconds(lastsMs)}, until another one leads, and thawed`, async (cluster) => {
      const primary = await cluster.node('leader');
      primary.freeze();
      await sleep(lastsMs);
      await cluster.untilAnotherLeads(primary);
      primary.thaw();
    });
  },
  'primary node hesitates': (random) => {
    const lastsMs = random.whole(500, (LOCK_TTL_S / 2) * 1_000);
    return struck(`frozen for ${seconds(lastsMs)}, too short to be replaced`, async (cluster) => {
      const primary = await cluster.node('leader');
      primary.freeze();
      await sleep(lastsMs);
      primary.thaw();
    });
  },
} as const satisfies Record<string, Draw>;
