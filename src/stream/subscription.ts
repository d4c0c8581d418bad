import type { FastifyRequest } from 'fastify';
import { faultOfName, faultOfPrefix } from '../domain/operands.js';
import { refuse } from '../web/problems/problem.js';
import { pairsOf, refuseUnknown } from '../web/query.js';
import { MAX_NAMES, MAX_PREFIXES } from './limits.js';

/** What a client asked to watch; nothing in it comes twice. */
export interface Subscription {
  readonly names: ReadonlySet<string>;
  readonly prefixes: ReadonlySet<string>;
  /** Whether it is to be told what happens to the service. */
  readonly events: boolean;
}

/**
 * What `name` and `prefix` in the query ask for, each as often as it is there, and `events`.
 *
 * @throws ProblemError `invalid_request`
 */
export function subscriptionOf(request: FastifyRequest): Subscription {
  const names = new Set<string>();
  const prefixes = new Set<string>();
  let events = false;
  for (const [parameter, value] of pairsOf(request)) {
    switch (parameter) {
      case 'name': {
        const fault = faultOfName(value);
        if (fault !== null) refuse(`The query parameter "name" ${fault}.`);
        names.add(value);
        break;
      }
      case 'prefix':
        if (faultOfPrefix(value) !== null) {
          refuse('The query parameter "prefix" must be the beginning of a name.');
        }
        prefixes.add(value);
        break;
      case 'events':
        if (value !== 'true' || events) refuse('The query parameter "events" must be true.');
        events = true;
        break;
      default:
        refuseUnknown();
    }
  }
  if (names.size + prefixes.size === 0 && !events) {
    refuse('The query must have at least one "name" or "prefix".');
  }
  if (names.size > MAX_NAMES || prefixes.size > MAX_PREFIXES) {
    refuse(`There may be at most ${MAX_NAMES} names and ${MAX_PREFIXES} prefixes.`);
  }
  return { names, prefixes, events };
}
