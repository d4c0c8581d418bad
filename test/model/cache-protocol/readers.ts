import { at, type Steps } from '../explorer.js';
import type { CacheProtocol } from './protocol.js';
import {
  COMMITTED,
  COUNTED,
  ENTRY,
  expose,
  EXPOSED,
  holds,
  KEY,
  LEASE,
  MAY_NOT_FILL,
  NOTHING,
  put,
  R,
  READ,
  READER_NONCE,
} from './state.js';

/** Where the readers are, and what they do. */
export interface Table {
  readonly protocol: CacheProtocol;
  readonly readersAt: number;
  readonly readers: number;
}

/** The steps reader i can take. */
export function read(table: Table, steps: Steps, i: number): void {
  const s = steps.state;
  const r = table.readersAt + i * R.size;
  const hit = holds(table.protocol, s, ENTRY);
  const next = steps.fork();
  switch (at(s, r)) {
    case READ.start:
      // Readers are alike, so they start in order.
      if (i > 0 && s[r - R.size] === READ.start) return;
      next[r] = READ.invoked;
      next[r + R.floor] = at(s, EXPOSED);
      steps.take('R# is invoked', false, i);
      return;
    case READ.invoked:
      if (hit) {
        answer(table, steps, next, i, at(s, KEY + 2), false, 'hits');
        return;
      }
      next[r] = table.protocol.lease === null ? READ.leased : READ.missed;
      steps.take('R# misses', false, i);
      for (let j = 0; j < table.readers && table.protocol.join !== null; j++) {
        if (j === i || !mayJoin(table.protocol, at(s, table.readersAt + j * R.size))) continue;
        steps.fork()[r] = READ.joined + j;
        steps.take('R# joins the flight of R#', false, i, j);
      }
      return;
    case READ.missed:
      if (hit) {
        reply(table, steps, next, i, at(s, KEY + 2), table.protocol.lateReplies === 'joinable', 'finds an entry');
        return;
      }
      lease(table, steps, i);
      return;
    case READ.leased:
      next[r] = READ.selected;
      next[r + R.version] = at(s, COMMITTED);
      steps.take('R# selects v#', false, i, at(s, COMMITTED));
      return;
    case READ.selected:
      fill(table, steps, i);
      return;
    case READ.replied:
      answer(table, steps, next, i, at(s, r + R.version), at(s, r + R.nonce) === 1, 'hears of it');
      return;
  }
}

function lease(table: Table, steps: Steps, i: number): void {
  const s = steps.state;
  const next = steps.fork();
  const r = table.readersAt + i * R.size;
  next[r] = READ.leased;
  if (!holds(table.protocol, s, LEASE)) {
    next[r + R.nonce] = table.protocol.nonce === 'counted' ? at(s, COUNTED) + 1 : READER_NONCE + i;
    if (table.protocol.nonce === 'counted') next[COUNTED] = at(s, COUNTED) + 1;
    put(next, LEASE, at(next, r + R.nonce));
  } else if (table.protocol.lease === 'shared') {
    next[r + R.nonce] = at(s, KEY + 2);
  } else if (table.protocol.lease === 'single') {
    next[r + R.nonce] = MAY_NOT_FILL;
  } else {
    return;
  }
  steps.take('R# holds the lease, nonce #', false, i, at(next, r + R.nonce));
}

function mayJoin({ lateReplies }: CacheProtocol, flight: number): boolean {
  return flight === READ.leased || flight === READ.selected || (flight === READ.replied && lateReplies === 'joinable');
}

function fill(table: Table, steps: Steps, i: number): void {
  const s = steps.state;
  const next = steps.fork();
  const r = table.readersAt + i * R.size;
  const nonce = at(s, r + R.nonce);
  const version = at(s, r + R.version);
  const cached = at(s, KEY + 2);
  const entry = holds(table.protocol, s, ENTRY);
  if (nonce === MAY_NOT_FILL) {
    answer(table, steps, next, i, version, false, 'fills nothing');
    return;
  }
  switch (table.protocol.fill) {
    case 'set':
      put(next, ENTRY, version);
      reply(table, steps, next, i, version, true, 'sets');
      return;
    case 'set if newer':
      if (!entry || cached < version) put(next, ENTRY, version);
      reply(table, steps, next, i, version, true, 'sets if newer');
      return;
    case 'with lease':
      if (entry || (holds(table.protocol, s, LEASE) && cached === nonce)) {
        const newest = entry ? Math.max(version, cached) : version;
        put(next, ENTRY, newest);
        reply(table, steps, next, i, newest, true, 'fills');
        return;
      }
      if (table.protocol.refusedFill !== 'leave') put(next, NOTHING, 0);
      reply(table, steps, next, i, version, false, 'may no longer fill');
      return;
  }
}

/** Redis has answered reader i, which hears of it at once or later. */
function reply(
  table: Table,
  steps: Steps,
  next: Uint8Array,
  i: number,
  version: number,
  confirmed: boolean,
  how: string,
): void {
  if (table.protocol.lateReplies === undefined) {
    answer(table, steps, next, i, version, confirmed, how);
    return;
  }
  const r = table.readersAt + i * R.size;
  next[r] = READ.replied;
  next[r + R.version] = version;
  next[r + R.nonce] = confirmed ? 1 : 0;
  steps.take(`R# ${how}: v#`, false, i, version);
}

/** Ends reader i with `version`, and with it those who joined its flight. */
function answer(
  table: Table,
  steps: Steps,
  next: Uint8Array,
  i: number,
  version: number,
  confirmed: boolean,
  how: string,
): void {
  const s = steps.state;
  const r = table.readersAt + i * R.size;
  let violated = version < at(s, r + R.floor);
  expose(next, version);
  next.fill(0, r, r + R.size);
  next[r] = READ.done;
  for (let j = 0; j < table.readers; j++) {
    const joiner = table.readersAt + j * R.size;
    if (s[joiner] !== READ.joined + i) continue;
    if (confirmed || table.protocol.join === 'always') {
      violated ||= version < at(s, joiner + R.floor);
      next.fill(0, joiner, joiner + R.size);
      next[joiner] = READ.done;
    } else {
      next[joiner] = READ.invoked;
    }
  }
  steps.take(`R# ${how} and answers v#, invoked when v# was known`, violated, i, version, at(s, r + R.floor));
}
