import { createHash } from 'node:crypto';
import { kindOf, type Track, type Turn } from '../../domain/watch.js';
import {
  baselineKey,
  type Candidate,
  type Judged,
  type Message,
  type Seen,
  type Sight,
} from '../../store/watches/candidate.js';
import { knownLengthMs } from './lengths.js';
import { begun, dueMs, heard, isNews, type Moved, type Verdict, verdictOf } from './track.js';

/** One thing that was seen of a counter: when, what was judged, and what it says. */
interface Hearing {
  readonly atMs: number;
  /** Null where there is nothing to tell. */
  readonly observed: number | null;
  readonly verdict: Verdict;
}

/** A turn and what was observed then. */
type Observed = Turn & { readonly observed: number | null };

/**
 * Decides what becomes of each candidate; of those of which nothing does, nothing is told. It depends on nothing but what
 * it is given: the same again decides the same.
 */
export function judge(candidates: readonly Candidate[], seen: Seen): Judged[] {
  return candidates.flatMap((candidate) => judgedOf(candidate, seen) ?? []);
}

function judgedOf(candidate: Candidate, seen: Seen): Judged | null {
  const { holdMs } = candidate;
  let track = candidate.track ?? begun(candidate.sights[0]?.firstMs ?? seen.nowMs);
  const turns: Observed[] = [];
  for (const { atMs, observed, verdict } of hearingsOf(candidate, seen)) {
    const moved: Moved = heard(track, verdict, atMs, holdMs);
    track = moved.track;
    turns.push(...moved.turns.map((turn) => ({ ...turn, observed })));
  }
  return withMessages(candidate, track, turns, dueOf(candidate, track, seen));
}

/** What is new of a candidate, and whom it is told; null: nothing is. */
export function withMessages(
  candidate: Candidate,
  track: Track,
  turns: readonly Observed[],
  due: number | null,
): Judged | null {
  let { told } = candidate;
  const messages: Message[] = [];
  const last = turns.at(-1);
  // Of a spike both is told, that it fired and that it is over. What was muted is told when it no longer is.
  const news = turns.length > 0 ? turns : [{ from: track.state, to: track.state, atMs: track.sinceMs, observed: null }];
  if (!candidate.muted) {
    for (const turn of news) {
      if (!isNews(told, turn.to)) continue;
      told = turn.to;
      messages.push(...candidate.notify.map((webhookId) => messageOf(candidate, turn, webhookId)));
    }
  }
  const isSame =
    candidate.track !== null &&
    last === undefined &&
    told === candidate.told &&
    due === candidate.dueMs &&
    track.pending?.to === candidate.track.pending?.to &&
    track.pending?.sinceMs === candidate.track.pending?.sinceMs;
  return isSame ? null : { candidate, track, told, turns, dueMs: due, messages };
}

/** What the sights of a counter say, in order of time. */
function hearingsOf(candidate: Candidate, seen: Seen): Hearing[] {
  return candidate.sights.flatMap((sight): Hearing[] =>
    sight === null ? [{ atMs: seen.nowMs, observed: null, verdict: 'unknown' }] : sighted(candidate, sight, seen),
  );
}

function sighted({ name, condition, hysteresis, isDue }: Candidate, sight: Sight, seen: Seen): Hearing[] {
  const { nowMs, baselines } = seen;
  if ('rate' in condition) {
    const baseline = baselines.get(baselineKey(name, condition.rate.over)) ?? null;
    if (baseline === null) return [{ atMs: nowMs, observed: null, verdict: 'unknown' }];
    const observed = sight.last - baseline;
    return [{ atMs: nowMs, observed, verdict: verdictOf(condition.rate, hysteresis, observed) }];
  }
  if ('silent' in condition) {
    const isSilent = isDue && sight.lastMs + knownLengthMs(condition.silent) <= nowMs;
    return [{ atMs: isDue ? nowMs : sight.lastMs, observed: sight.last, verdict: isSilent ? 'met' : 'unmet' }];
  }
  if ('unexpected' in condition) return [];
  const hear = (atMs: number, observed: number): Hearing => ({
    atMs,
    observed,
    verdict: verdictOf(condition, hysteresis, observed),
  });
  if (isDue) return [hear(nowMs, sight.last)];
  // What was highest within these ten seconds may have been so for a moment, and was so.
  const furthest = condition.above === undefined ? sight.lowest : sight.highest;
  return [hear(sight.firstMs, furthest), hear(sight.lastMs, sight.last)];
}

/** When it is to be looked at although nothing changes. */
function dueOf(candidate: Candidate, track: Track, { nowMs }: Seen): number | null {
  const turnsMs = dueMs(track, candidate.holdMs);
  if (kindOf(candidate.condition) !== 'silent' || !('silent' in candidate.condition)) return turnsMs;
  if (track.state === 'firing' || track.pending?.to === 'firing') return turnsMs;
  const last = candidate.sights.at(-1) ?? null;
  if (last === null) return turnsMs;
  const silentMs = last.lastMs + knownLengthMs(candidate.condition.silent);
  return Math.max(Math.min(silentMs, turnsMs ?? Infinity), nowMs + 1);
}

/** What webhooks are told. */
function messageOf(candidate: Candidate, { from, to, atMs, observed }: Observed, webhookId: string): Message {
  const { watchId, label, name, condition } = candidate;
  const at = new Date(Math.round(atMs)).toISOString();
  const type = `watch.${to}`;
  const data = {
    watch: { id: watchId, label, when: condition },
    counter: name,
    state: to,
    previous: from,
    observed,
    at,
  };
  // Found again after a failover that lost it, the same turn is the same message to whoever has it already.
  const digest = createHash('sha256').update([watchId, name, to, at, webhookId].join('\n')).digest('base64url');
  return { id: `msg_${digest.slice(0, 32)}`, webhookId, type, body: JSON.stringify({ type, timestamp: at, data }) };
}
