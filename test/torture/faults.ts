/** Everything that can go wrong with the ground the service stands on, each with its end. */
import { FAILOVER_FAULTS } from './failover-faults.js';
import type { Draw, Fault } from './fault.js';
import type { RedisKind } from './ground.js';
import { INSTANCE_FAULTS } from './instance-faults.js';
import { POSTGRES_FAULTS } from './postgres-faults.js';
import type { Random } from './random.js';
import { CLUSTER_FAULTS, SENTINEL_FAULTS } from './redis-failover-faults.js';
import { REDIS_FAULTS } from './redis-faults.js';

const LONE_DRAWS = { ...REDIS_FAULTS, ...INSTANCE_FAULTS, ...POSTGRES_FAULTS };
const DRAWS = { ...LONE_DRAWS, ...FAILOVER_FAULTS, ...SENTINEL_FAULTS, ...CLUSTER_FAULTS };

export type FaultKind = keyof typeof DRAWS;

/** Those of one Postgres that nobody takes over from. */
export const FAULT_KINDS = Object.keys(LONE_DRAWS) as FaultKind[];

/** The same, and what else may happen to such a Redis. */
export function kindsOn(redis: RedisKind): readonly FaultKind[] {
  switch (redis) {
    case 'single':
      return FAULT_KINDS;
    case 'sentinel':
      return [...FAULT_KINDS, ...(Object.keys(SENTINEL_FAULTS) as FaultKind[])];
    case 'cluster':
      return [...FAULT_KINDS, ...(Object.keys(CLUSTER_FAULTS) as FaultKind[])];
  }
}

/** Those of a cluster of Postgres that fails over. */
export const FAILOVER_KINDS = Object.keys(FAILOVER_FAULTS) as FaultKind[];

export interface DrawnFault extends Fault {
  readonly kind: FaultKind;
}

export function drawFault(kind: FaultKind, random: Random): DrawnFault {
  const draw: Draw = DRAWS[kind];
  return { kind, ...draw(random) };
}
