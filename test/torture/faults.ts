/** Everything that can go wrong with the ground the service stands on, each with its end. */
import { FAILOVER_FAULTS } from './failover-faults.js';
import type { Draw, Fault } from './fault.js';
import { INSTANCE_FAULTS } from './instance-faults.js';
import { POSTGRES_FAULTS } from './postgres-faults.js';
import type { Random } from './random.js';
import { REDIS_FAULTS } from './redis-faults.js';

const LONE_DRAWS = { ...REDIS_FAULTS, ...INSTANCE_FAULTS, ...POSTGRES_FAULTS };
const DRAWS = { ...LONE_DRAWS, ...FAILOVER_FAULTS };

export type FaultKind = keyof typeof DRAWS;

/** Those of one Postgres that nobody takes over from. */
export const FAULT_KINDS = Object.keys(LONE_DRAWS) as FaultKind[];

/** Those of a cluster that fails over. */
export const FAILOVER_KINDS = Object.keys(FAILOVER_FAULTS) as FaultKind[];

export interface DrawnFault extends Fault {
  readonly kind: FaultKind;
}

export function drawFault(kind: FaultKind, random: Random): DrawnFault {
  const draw: Draw = DRAWS[kind];
  return { kind, ...draw(random) };
}
