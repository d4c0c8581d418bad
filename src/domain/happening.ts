import { TOLD_DEEDS } from './deed.js';

/** What happened to the servers and to the cache, which nobody asked for, or somebody to try it out. */
const HAPPENINGS = [
  /** The cache was found empty, or of an earlier epoch. */
  'cache.cold',
  'cache.refilled',
  /** Entries are served by nobody, and again. */
  'cache.blind',
  'cache.serving',
  'cache.drift',
  'redis.away',
  'redis.back',
  'redis.failover',
  'postgres.away',
  'postgres.back',
  'postgres.failover',
  'drill.begin',
  'drill.end',
] as const;

export type HappeningKind = (typeof HAPPENINGS)[number];

export const NEWS_KINDS = [...HAPPENINGS, ...TOLD_DEEDS] as const;

export type NewsKind = (typeof NEWS_KINDS)[number];

/** One thing that happened, or was done to the service, as it is told. */
export interface NewsItem {
  readonly id: string;
  /** RFC 3339, UTC, by the database's clock. */
  readonly at: string;
  readonly kind: NewsKind;
  /** Which instance noticed it; null of what somebody did. */
  readonly instance: string | null;
  readonly detail: object;
}
