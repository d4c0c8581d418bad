import { signal } from '@preact/signals';
import { api, ApiError } from './api.js';
import { feed } from './live-feed.js';
import { HitRatio } from './hit-ratio.js';
import type { CacheState } from './shapes.js';

/** What is known of the service right now. */
export interface ServiceState {
  /** `restricted`: our key may not see the state of the cache. */
  readonly api: 'unknown' | 'up' | 'restricted' | 'away';
  readonly postgres: 'up' | 'down' | null;
  readonly redis: 'up' | 'degraded' | null;
  readonly cache: CacheState | null;
  /** Reads that were hits, of the last minutes on this instance; null: there were none, or not known yet. */
  readonly hitRatio: number | null;
}

const CALM_MS = 5_000;
const TROUBLED_MS = 1_500;

const NOTHING: ServiceState = { api: 'unknown', postgres: null, redis: null, cache: null, hitRatio: null };

/** Asks the service how it is, more often while it is not well. */
class StateWatch {
  readonly state = signal(NOTHING);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking = false;
  /** Our key may not see more: told once, and not asked again until another one is used. */
  private refused = false;
  private readonly hits = new HitRatio();

  start(): void {
    // What the stream tells is asked for in full at once.
    feed.seen.subscribe(() => this.refresh());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.refresh();
    });
    this.refresh();
  }

  /** Somebody signed in: what was refused before may be allowed. */
  beginAnew(): void {
    this.refused = false;
    this.refresh();
  }

  /** Asks at once, such as after a button was pressed. */
  refresh(): void {
    if (this.asking) return;
    this.asking = true;
    clearTimeout(this.timer);
    void this.ask().then((state) => {
      this.asking = false;
      this.state.value = state;
      const calm = state.api !== 'away' && state.postgres === 'up' && state.redis === 'up';
      this.timer = setTimeout(() => this.refreshIfSeen(), calm ? CALM_MS : TROUBLED_MS);
    });
  }

  /** Calls back when the service answers again after it did not, until the returned function is called. */
  whenBack(listener: () => void): () => void {
    let away = false;
    return this.state.subscribe(({ api: standing }) => {
      const back = away && standing !== 'away';
      away = standing === 'away';
      if (back) listener();
    });
  }

  private refreshIfSeen(): void {
    if (!document.hidden) this.refresh();
  }

  private async ask(): Promise<ServiceState> {
    if (this.refused) return this.askProbe();
    try {
      const cache = await api.cache();
      const hitRatio = cache.reads === undefined ? null : this.hits.note(cache.reads);
      return { api: 'up', postgres: cache.postgres, redis: cache.redis, cache, hitRatio };
    } catch (error) {
      this.refused = error instanceof ApiError && [401, 403, 404].includes(error.status);
      return this.refused ? this.askProbe() : { ...NOTHING, api: 'away' };
    }
  }

  private async askProbe(): Promise<ServiceState> {
    try {
      const { postgres, redis } = await api.ready();
      return { ...NOTHING, api: 'restricted', postgres, redis };
    } catch (error) {
      const answered = error instanceof ApiError && error.status > 0;
      return answered ? { ...NOTHING, api: 'restricted', postgres: 'down' } : { ...NOTHING, api: 'away' };
    }
  }
}

/** The one of the page. */
export const watch = new StateWatch();
