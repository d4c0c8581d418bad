import type { Identity } from '../../cache/identity.js';
import type { Permit } from './cache-guard.js';

/** Counters that are asked for together: their entries have one identity, and so are on one server. */
export interface Group {
  /** Null: they may be neither served nor filled. */
  readonly identity: Identity | null;
  readonly names: readonly string[];
}

/** Splits counters by the identity of their entries. Of a single Redis there is one group. */
export function groupsOf(names: readonly string[], permit: Permit): Group[] {
  const groups = new Map<Identity | null, string[]>();
  let group: string[] | undefined;
  let before: Identity | null | undefined;
  for (const name of names) {
    const identity = permit(name);
    if (group === undefined || identity !== before) group = groups.get(identity);
    if (group === undefined) groups.set(identity, (group = []));
    group.push(name);
    before = identity;
  }
  return [...groups].map(([identity, members]) => ({ identity, names: members }));
}
