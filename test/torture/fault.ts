/** What a fault is: who is struck, how, and how long. */
import type { Deployment } from './deployment.js';
import type { Random } from './random.js';

/** What is struck; two faults at once never have the same target. */
export type Target =
  'redis' | 'postgres' | 'cluster' | `instance ${number}` | `wire to Redis ${number}` | `wire to Postgres ${number}`;

export interface Fault {
  readonly target: Target;
  /** What was drawn: a sentence, or nothing where there is no choice. */
  readonly detail: string;
  /** Strikes, lasts, and heals; settles when it is over, and answers what went wrong about it, or null. */
  readonly strike: Strike;
}

export type Strike = (deployment: Deployment) => Promise<string | null>;

/** Draws what is left to chance about a fault of one kind: all of it here, so that it follows from the seed. */
export type Draw = (random: Random) => Fault;

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

/** A strike about which nothing can go wrong but by throwing. */
export const done =
  (work: (deployment: Deployment) => Promise<unknown>): Strike =>
  async (deployment) => {
    await work(deployment);
    return null;
  };
