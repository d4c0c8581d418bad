import type { News } from '../service/shapes.js';
import { number, plural, span } from './format.js';

/** What happened, in a sentence that needs no other. */
export function sentenceOf({ kind, detail }: News): string {
  const count = (name: string) => (typeof detail[name] === 'number' ? detail[name] : 0);
  const text = (name: string) => (typeof detail[name] === 'string' ? detail[name] : '');
  switch (kind) {
    case 'cache.cold':
      return 'The cache was found empty, as after a flush or a restart of Redis. Nothing is lost.';
    case 'cache.refilled':
      return `The cache was filled again with ${plural(count('filled'), 'counter', 'counters')}, in ${span(count('durationMs'))}.`;
    case 'cache.blind':
      return 'Reads come from Postgres: no cache can be relied on at the moment.';
    case 'cache.serving':
      return `Reads come from the cache again, after ${span(count('afterMs'))}.`;
    case 'cache.drift':
      return `Drift was found: ${number(count('wrong') + count('behind'))} of ${plural(count('compared'), 'entry', 'entries')}, ${number(count('repaired'))} repaired.`;
    case 'cache.flush':
      return 'Somebody flushed the cache.';
    case 'redis.away':
      return 'Redis is away.';
    case 'redis.back':
      return 'Redis is back.';
    case 'redis.failover':
      return `Another Redis is the one now: ${text('server')}.`;
    case 'postgres.away':
      return 'Postgres is away: writes are refused.';
    case 'postgres.back':
      return 'Postgres is back.';
    case 'postgres.failover':
      return 'Another Postgres is the one now, or it was restarted.';
    case 'drill.begin':
      return 'A drill began: the cache is emptied under load, and everything is compared.';
    case 'drill.end':
      return drillText(detail);
    default:
      return DEEDS[kind] ?? kind;
  }
}

const DEEDS: Readonly<Record<string, string>> = {
  'cache.reconcile': 'The cache was compared with the truth, by hand.',
  'counters.import': 'Counters were imported.',
  'counters.purge': 'Counters were purged.',
  'key.make': 'A key was made.',
  'key.change': 'A key was changed.',
  'key.rotate': 'A key was given a new secret.',
  'key.revoke': 'A key was revoked.',
  'session.begin': 'Somebody signed in.',
  'session.end': 'Somebody signed out.',
  'link.make': 'A link was made.',
  'link.revoke': 'A link was revoked.',
  'links.revoke': 'All links were revoked.',
};

/** The sentence that a drill is for. What it counted itself is among what it compares, so what is lost is wrong. */
function drillText(detail: News['detail']): string {
  const { fault, wrong, compared, warmAfterMs, increments } = detail;
  if (typeof fault === 'string') return `The drill: ${fault}`;
  if (typeof wrong !== 'number') return 'The drill came to its end, and what it found is not known.';
  const warm =
    typeof warmAfterMs === 'number' ? `warm after ${(warmAfterMs / 1_000).toFixed(1)} s` : 'not warm within a minute';
  const counted = typeof increments === 'number' ? ` of ${number(increments)} counted meanwhile` : '';
  const read = typeof compared === 'number' ? ` of ${number(compared)} compared` : '';
  if (wrong > 0) return `The drill: flushed, ${number(wrong)} lost or read wrong${read}, ${warm}.`;
  return `The drill: flushed, 0 lost${counted}, 0 read wrong${read}, ${warm}.`;
}

/** How it is marked on the timeline. */
export function gradeOf(kind: string): 'well' | 'fair' | 'bad' {
  if (/^postgres\.away$|drift/.test(kind)) return 'bad';
  return /away|blind|cold|failover|flush|drill\.begin/.test(kind) ? 'fair' : 'well';
}
