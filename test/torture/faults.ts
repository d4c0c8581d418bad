/** Everything that can go wrong with the ground the service stands on, each with its end. */
import type { Draw, Fault } from './fault.js';
import { INSTANCE_FAULTS } from './instance-faults.js';
import { POSTGRES_FAULTS } from './postgres-faults.js';
import type { Random } from './random.js';
import { REDIS_FAULTS } from './redis-faults.js';

const DRAWS = { ...REDIS_FAULTS, ...INSTANCE_FAULTS, ...POSTGRES_FAULTS };

export type FaultKind = keyof typeof DRAWS;

export const FAULT_KINDS = Object.keys(DRAWS) as FaultKind[];

export interface DrawnFault extends Fault {
  readonly kind: FaultKind;
}

export function drawFault(kind: FaultKind, random: Random): DrawnFault {
  const draw: Draw = DRAWS[kind];
  return { kind, ...draw(random) };
}
