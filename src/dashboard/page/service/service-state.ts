import { signal } from '@preact/signals';
import { api, ApiError } from './api.js';
import type { CacheState } from './shapes.js';

/** What is known of the service right now. */
export interface ServiceState {
  /** `restricted`: our key may not see the state of the cache. */
  readonly api: 'unknown' | 'up' | 'restricted' | 'away';
  readonly postgres: 'up' | 'down' | null;
  readonly redis: 'up' | 'degraded' | null;
  readonly cache: CacheState | null;
}

const CALM_MS = 5_000;
const TROUBLED_MS = 1_500;

const NOTHING: ServiceState = { api: 'unknown', postgres: null, redis: null, cache: null };

/** Asks the service how it is, more often while it is not well. */
class StateWatch {
  readonly state = signal(NOTHING);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking = false;

  start(): void {
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.refresh();
    });
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
    try {
      const cache = await api.cache();
      return { api: 'up', postgres: cache.postgres, redis: cache.redis, cache };
    } catch (error) {
      const refused = error instanceof ApiError && [401, 403, 404].includes(error.status);
      return refused ? this.askProbe() : { ...NOTHING, api: 'away' };
    }
  }

  private async askProbe(): Promise<ServiceState> {
    try {
      const { postgres, redis } = await api.ready();
      return { api: 'restricted', postgres, redis, cache: null };
    } catch (error) {
      const answered = error instanceof ApiError && error.status > 0;
      return answered ? { ...NOTHING, api: 'restricted', postgres: 'down' } : { ...NOTHING, api: 'away' };
    }
  }
}

/** The one of the page. */
export const watch = new StateWatch();
