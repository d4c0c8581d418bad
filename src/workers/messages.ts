import type { Places } from '../app.js';
import type { EmbeddedUrls } from '../config/config.js';
import type { SentAnswers, SentCalls } from '../counters/commits/sent/messages.js';
import type { RecentReads } from '../counters/happenings/sampler.js';
import type { Numbers } from '../metrics/numbers.js';

/** What is asked of all processes, and told of them together. */
export type Told =
  { readonly topic: 'metrics'; readonly numbers: Numbers } | { readonly topic: 'reads'; readonly reads: RecentReads };

export type Topic = Told['topic'];

/** From a worker to the process that commits. */
export type FromWorker =
  /** It runs, and may be told what it needs. */
  | { readonly kind: 'here' }
  | { readonly kind: 'listening'; readonly places: Places }
  | SentCalls
  /** It asks for what all say. */
  | { readonly kind: 'ask'; readonly id: number; readonly topic: Topic }
  /** It was asked whether it still runs. */
  | { readonly kind: 'alive' }
  /** It says what it was asked for. */
  | { readonly kind: 'own'; readonly id: number; readonly told: Told };

/** From the process that commits to a worker. */
export type ToWorker =
  /** @see EmbeddedUrls null: the environment says where the servers are */
  | { readonly kind: 'begin'; readonly embedded: EmbeddedUrls | null }
  | SentAnswers
  /** Why Postgres takes no writes; null: it does. */
  | { readonly kind: 'writes'; readonly refusal: string | null }
  /** It is to say whether it still runs. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'tell'; readonly id: number; readonly topic: Topic }
  | { readonly kind: 'together'; readonly id: number; readonly told: Told }
  /** It is to answer what it has accepted, and end. */
  | { readonly kind: 'end' };
