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
  for (const name of names) {
    const identity = permit(name);
    const group = groups.get(identity);
    if (group === undefined) groups.set(identity, [name]);
    else group.push(name);
  }
  return [...groups].map(([identity, members]) => ({ identity, names: members }));
}
