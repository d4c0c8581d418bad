import type { LiveFeed } from './live-feed.js';
import type { StateWatch } from './service-state.js';

/** What every view is given. */
export interface Surroundings {
  readonly feed: LiveFeed;
  readonly watch: StateWatch;
}

/** A view on the page; `close` ends its timers. The feed is ended by whoever shows the next one. */
export interface View {
  readonly element: HTMLElement;
  readonly title: string;
  close(): void;
  /** Takes a key that nobody else took; answers whether it did. */
  key?(event: KeyboardEvent): boolean;
}
