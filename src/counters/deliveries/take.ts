import { isCounter, type Truth } from '../../domain/counter.js';
import { BEGINNING, type Delivery, digestOf, type ItemVerdict, standingOf } from '../../domain/delivery.js';
import type { Refused, Write } from '../../domain/operation.js';
import { DAY_MS, minuteOf } from '../../domain/time.js';
import type { EdgeRow, LateIncrement, LockedEdge, Move } from '../../store/edges.js';
import type { Ruling } from '../commits/verdict.js';

/** Edges that one key may begin, each a row for ever: a chain has one a shop; a key in the source of a page has none. */
const MAX_EDGES_PER_KEY = 10_000;

/** As long as the history keeps hours, unless it is told otherwise; a box without a battery begins in 1970. */
const FURTHEST_BACK_MS = 400 * DAY_MS;

/** Statuses as a batch over HTTP has them for what its items were refused for. */
const STATUS_OF = {
  not_found: 404,
  out_of_bounds: 409,
  version_mismatch: 412,
  value_overflow: 422,
  invalid_request: 400,
  quota_exceeded: 403,
} as const satisfies Record<Refused['code'], number>;

/** What becomes of an item whose key stands for another request. */
export const KEY_REUSED: ItemVerdict = {
  status: 422,
  code: 'idempotency_key_reused',
  detail: 'This idempotency key was used for another request.',
};

/** An item as it is to be decided: as a write, or refused before anything was looked at. */
export type Item =
  | { readonly kind: 'write'; readonly write: Write; readonly fingerprint: string | null; readonly at: string }
  | { readonly kind: 'refused'; readonly verdict: ItemVerdict };

/** What a delivery came to. */
export type DeliveryVerdict =
  | {
      readonly kind: 'taken' | 'repeated';
      readonly results: readonly ItemVerdict[];
      /** What was learned, to be published before anything of it is told. */
      readonly truths: readonly Truth[];
    }
  | { readonly kind: 'gap' | 'forked' | 'too_many' };

/**
 * Decides a delivery: taken as a whole, each of its items for itself, or not at all.
 *
 * @param now RFC 3339, the database's clock behind the locks
 */
export function take(
  delivery: Delivery,
  items: readonly Item[],
  { row, ofOwner }: LockedEdge,
  ruling: Pick<Ruling, 'decide' | 'current'>,
  now: string,
): { readonly verdict: DeliveryVerdict; readonly move: Move | null } {
  const standing = standingOf(delivery, row ?? BEGINNING);
  switch (standing) {
    case 'same':
      return { verdict: { kind: 'repeated', results: row?.verdicts ?? [], truths: ruling.current }, move: null };
    case 'gap':
    case 'forked':
      return { verdict: { kind: standing }, move: null };
    case 'next':
  }
  if (row === null && ofOwner >= MAX_EDGES_PER_KEY) return { verdict: { kind: 'too_many' }, move: null };
  const late: LateIncrement[] = [];
  const results = items.map((item): ItemVerdict => {
    if (item.kind === 'refused') return item.verdict;
    const at = clamped(item.at, row, now);
    const { result, truth } = decideOne(item, ruling);
    const isLate = truth !== null && minuteOf(Date.parse(at)) < minuteOf(Date.parse(now));
    if (isLate && isCounter(truth)) {
      const { operation } = item.write;
      const by = operation.kind === 'increment' ? operation.by : 0;
      const { name, version, createdAt } = truth;
      late.push({ name, at, by, version, createdAt });
    }
    return result;
  });
  const refused = results.filter(({ status }) => status !== 200).length;
  const settledAt = delivery.more ? (row?.settledAt ?? null) : now;
  return {
    verdict: { kind: 'taken', results, truths: ruling.current },
    move: { last: delivery.to, digest: digestOf(delivery), verdicts: results, settledAt, late, refused },
  };
}

/** @returns also the counter behind it; null where nothing was added */
function decideOne(
  { write, fingerprint }: Extract<Item, { kind: 'write' }>,
  ruling: Pick<Ruling, 'decide'>,
): { readonly result: ItemVerdict; readonly truth: Truth | null } {
  const verdict = ruling.decide({ writes: [write], fingerprints: [fingerprint] });
  switch (verdict.kind) {
    case 'key_reused':
      return { result: KEY_REUSED, truth: null };
    case 'refused': {
      const { code, detail } = verdict.refused;
      return refusedAs(STATUS_OF[code], code, detail);
    }
    case 'done': {
      const [answer] = verdict.answers;
      if (answer === undefined) throw new Error('one write has one answer');
      const { outcome, replayed } = answer;
      // Under its key it may have been refused, then.
      if (outcome.kind === 'refused') return refusedAs(STATUS_OF[outcome.code], outcome.code, outcome.detail);
      const value = outcome.truth.value ?? 0;
      return replayed
        ? { result: { status: 200, value, replayed }, truth: null }
        : { result: { status: 200, value }, truth: outcome.truth };
    }
  }
}

function refusedAs(
  status: number,
  code: string,
  detail: string,
): { readonly result: ItemVerdict; readonly truth: null } {
  return { result: { status, code, detail }, truth: null };
}

/**
 * When an item was counted: not before nothing was waiting at its edge, nor in the future. The clock of a box may say
 * anything, and nothing but the history depends on it.
 */
function clamped(at: string, row: Pick<EdgeRow, 'settledAt'> | null, now: string): string {
  const nowMs = Date.parse(now);
  const settledMs = row?.settledAt == null ? nowMs - FURTHEST_BACK_MS : Date.parse(row.settledAt);
  const ms = Math.min(Math.max(Date.parse(at), settledMs), nowMs);
  return new Date(ms).toISOString();
}
